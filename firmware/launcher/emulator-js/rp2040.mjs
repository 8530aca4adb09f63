// Boots a program for the Raspberry Pi Pico in rp2040js:
//
//   node rp2040.mjs PROGRAM SERIAL MEMORY GALLERY ORIGIN
//
// PROGRAM is the ELF file that is flashed. SERIAL and MEMORY are HOST:PORT of two listening sockets: UART 0 goes to the
// first; on the second, lines "read ADDRESS LENGTH" and "writel ADDRESS WORD" are answered as QEMU's qtest protocol
// answers them. GALLERY is a file with the content of the flash from the address ORIGIN on. Whatever the program erases
// or programs there is in the file before its next instruction: to kill this process is to cut the power.
//
// Time is virtual: while the core runs it passes by the cycles that rp2040js says instructions take, and while it sleeps
// as fast as real time. The chip restarts when the program or the watchdog says so. What would fault on the chip does so
// here, and is told on standard error.
//
// There is no boot ROM but for what programs look up in it: the functions that erase and program the flash. The program
// starts behind its second boot stage, which has nothing to do here.
import { openSync, readFileSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { RP2040 } from 'rp2040js';

const FLASH = 0x10000000;
const FLASH_LEN = 2 * 1024 * 1024;
const BOOT2_LEN = 0x100;
/** The system clock's period, at 125 MHz. */
const NANOS_PER_CYCLE = 8;
/** Instructions between two looks at the sockets: about a millisecond. */
const SLICE = 20_000;
/** Cycles from one received byte to the next while the core runs: a tenth of what it takes at 115,200 baud. */
const CYCLES_PER_BYTE = 1_000;

/** Registers of the two counters, see Counter::StandIn in firmware/boards/src/table.rs. */
const COUNTERS = 0x40070000;
const WATCHDOG = 0x40058;
/** Number of the exception. */
const HARD_FAULT = 3;
const AIRCR = 0xd0c;
const SYSRESETREQ = 1 << 2;
const UARTRSR = 0x04;
const RX_INTERRUPT = 1 << 4;

const [programPath, serialAddress, memoryAddress, galleryPath, galleryOrigin] = process.argv.slice(2);
if (!galleryOrigin) fail('usage: node rp2040.mjs PROGRAM SERIAL MEMORY GALLERY ORIGIN');
const program = readFileSync(programPath);
const gallery = { file: openSync(galleryPath, 'r+'), offset: Number(galleryOrigin) - FLASH };

/** What ends an instruction that restarts the chip. */
class Restart extends Error {}
/** What ends an instruction that cannot be executed. */
class Fault extends Error {}

let instructions = 0;
let cycles = 0;
let mcu, core, clock, uart;

function fail(message) {
  console.error(message);
  process.exit(1);
}

function powerUp() {
  mcu = new RP2040();
  ({ core, clock } = mcu);
  uart = mcu.uart[0];
  fillGaps();
  load();
  const vectors = FLASH + BOOT2_LEN;
  core.VTOR = vectors;
  core.SP = mcu.readUint32(vectors);
  core.PC = mcu.readUint32(vectors + 4) & ~1;
}

/** Puts the program's segments where they lie in flash, and the gallery. */
function load() {
  const [headers, size, count] = [program.readUInt32LE(28), program.readUInt16LE(42), program.readUInt16LE(44)];
  for (let i = 0; i < count; i++) {
    const [type, offset, , address, length] = [0, 4, 8, 12, 16].map((at) =>
      program.readUInt32LE(headers + i * size + at),
    );
    if (type === 1 && length > 0) mcu.flash.set(program.subarray(offset, offset + length), address - FLASH);
  }
  mcu.flash.set(readFileSync(galleryPath), gallery.offset);
}

/** Adds what the firmware needs and rp2040js has not. */
function fillGaps() {
  // rp2040js reports what it does not model. In a peripheral that is no matter; in the core or on the bus it is a fault.
  mcu.logger = {
    debug() {},
    info() {},
    warn(component, message) {
      if (component === 'CortexM0Core' || component === 'RP2040') throw new Fault(message);
    },
    error(component, message) {
      throw new Fault(`${component}: ${message}`);
    },
  };

  // The counters; on the chip nothing is there.
  mcu.peripherals[(COUNTERS >>> 14) << 2] = {
    readUint32: (offset) => (offset === 0 ? instructions : cycles) >>> 0,
    writeUint32Atomic: (offset) => fail(`write to counter ${offset}`),
  };

  // Resets, by software and by the watchdog.
  const restart = () => {
    throw new Restart();
  };
  const writePpb = mcu.ppb.writeUint32.bind(mcu.ppb);
  mcu.ppb.writeUint32 = (offset, value) => {
    if (offset === AIRCR && value & SYSRESETREQ) restart();
    writePpb(offset, value);
  };
  mcu.peripherals[WATCHDOG].onWatchdogTrigger = restart;

  // Without a receive status register, ones are read: errors that never happen.
  const readUart = uart.readUint32.bind(uart);
  uart.readUint32 = (offset) => (offset === UARTRSR ? 0 : readUart(offset));
  uart.onByte = (byte) => sent.push(byte);

  // A pending interrupt ends WFI though PRIMASK keeps it from being served; rp2040js would serve it, or, where it had
  // been pending before, sleep on.
  const checkForInterrupts = core.checkForInterrupts.bind(core);
  core.checkForInterrupts = () => !(core.waiting && core.PM) && checkForInterrupts();

  fillRom();
}

/** The ROM's functions, by the codes under which programs look them up (RP2040 datasheet, 2.8.3.1). */
const ROM_FUNCTIONS = {
  IF() {}, // connect_internal_flash
  EX() {}, // flash_exit_xip
  FC() {}, // flash_flush_cache
  /** flash_range_erase(offset, length, ..) */
  RE(offset, length) {
    checkRange(offset, length, 4096);
    mcu.flash.fill(0xff, offset, offset + length);
    keep(offset, length);
  },
  /** flash_range_program(offset, data, length): it only clears bits. */
  RP(offset, data, length) {
    checkRange(offset, length, 256);
    for (let i = 0; i < length; i++) mcu.flash[offset + i] &= mcu.readUint8(data + i);
    keep(offset, length);
  },
};
const ROM_CODES = Object.keys(ROM_FUNCTIONS);
/** Where the ROM has pointers to its table of functions and to the function that looks up. */
const [ROM_TABLE, ROM_LOOKUP] = [0x14, 0x18];
/** Address of the ROM's code: for the lookup and then for each function, a breakpoint and a return. */
const ROM_CODE = 0x100;
const BREAK_AND_RETURN = 0x4770be00;

function fillRom() {
  const isThumb = 1;
  mcu.bootrom[ROM_TABLE / 4] = 0;
  mcu.bootrom[ROM_LOOKUP / 4] = ROM_CODE | isThumb;
  for (let i = 0; i <= ROM_CODES.length; i++) mcu.bootrom[ROM_CODE / 4 + i] = BREAK_AND_RETURN + i;
  const r = core.registers;
  mcu.onBreak = (index) => {
    if (core.PC >= ROM_CODE + 4 * (ROM_CODES.length + 1)) throw new Fault(`breakpoint ${index}`);
    if (index > 0) return ROM_FUNCTIONS[ROM_CODES[index - 1]](r[0], r[1], r[2]);
    const code = String.fromCharCode(r[1] & 255, r[1] >>> 8);
    const found = ROM_CODES.indexOf(code);
    if (found < 0) fail(`there is no function ${code} in this ROM`);
    r[0] = (ROM_CODE + 4 * (found + 1)) | isThumb;
  };
}

function checkRange(offset, length, unit) {
  if (offset % unit || length % unit || offset + length > FLASH_LEN) fail(`no range of the flash: ${offset}, ${length}`);
}

/** Writes the part of the flash that is the gallery's to the file. */
function keep(offset, length) {
  const at = offset - gallery.offset;
  if (at < 0) fail(`the program changes itself, at ${offset}`);
  writeSync(gallery.file, mcu.flash, offset, length, at);
}

function open(address) {
  const [host, port] = address.split(':');
  const socket = connect({ host, port: Number(port), noDelay: true });
  socket.on('error', (error) => fail(`${address}: ${error.message}`));
  socket.on('close', () => process.exit(0));
  return socket;
}

/** Bytes for the UART, from `next` on. */
let received = Buffer.alloc(0);
let next = 0;
let lastFed = 0;

/** Gives the UART at most so many bytes, as far as there is room for them. */
function feed(count) {
  const listening = uart.enabled && uart.interruptMask & RX_INTERRUPT;
  for (let i = 0; i < count && listening && next < received.length && !uart.rxFIFO.full; i++) {
    uart.feedByte(received[next++]);
    lastFed = cycles;
  }
}

/** Runs instructions until the core sleeps (false) or it is time to look at the sockets (true). */
function slice() {
  for (let i = 0; i < SLICE; i++) {
    if (next < received.length && cycles - lastFed >= CYCLES_PER_BYTE) feed(1);
    if (core.waiting) {
      // All that was received before is worked off. No need to have it wait for the line.
      if (!isPending()) feed(Infinity);
      if (!isPending()) return false;
      core.waiting = false;
      core.interruptsUpdated = true;
    }
    const spent = core.executeInstruction();
    instructions++;
    cycles += spent;
    clock.tick(spent * NANOS_PER_CYCLE);
  }
  return true;
}

const isPending = () =>
  (core.pendingInterrupts & core.enabledInterrupts) !== 0 || core.pendingSystick || core.pendingPendSV;

/** Does something that may restart the chip, or fault. */
function live(something) {
  try {
    return something();
  } catch (error) {
    if (error instanceof Fault && core.IPSR !== HARD_FAULT) {
      console.error(`${error.message}, before ${core.PC.toString(16)}`);
      return live(() => core.exceptionEntry(HARD_FAULT) ?? true);
    }
    if (!(error instanceof Fault || error instanceof Restart)) throw error;
    powerUp();
    return true;
  }
}

/** Since when, in milliseconds, the core sleeps, and the timer that wakes it; undefined while it runs. */
let asleep;

function run() {
  const awake = live(slice);
  flush();
  if (awake) {
    setImmediate(run);
  } else {
    const timer = clock.nextAlarm && setTimeout(wake, Math.ceil(clock.nanosToNextAlarm / 1e6));
    asleep = { since: performance.now(), timer };
  }
}

/** Has the time pass that the core slept, and run on if that or a received byte wakes it. */
function wake() {
  if (!asleep) return;
  clearTimeout(asleep.timer);
  // Not past the alarm, so that the program is awake when its next one comes, however late this process is.
  const slept = Math.min((performance.now() - asleep.since) * 1e6, clock.nextAlarm ? clock.nanosToNextAlarm : Infinity);
  asleep = undefined;
  live(() => clock.tick(slept));
  run();
}

const serial = open(serialAddress);
let sent = [];

function flush() {
  if (sent.length === 0) return;
  serial.write(Buffer.from(sent));
  sent = [];
}

serial.on('data', (bytes) => {
  received = Buffer.concat([received.subarray(next), bytes]);
  next = 0;
  wake();
});

const memory = open(memoryAddress);
createInterface({ input: memory }).on('line', (line) => {
  const [command, ...numbers] = line.split(' ');
  const [address, value] = numbers.map(Number);
  if (command === 'read') {
    const bytes = Buffer.from(Array.from({ length: value }, (_, i) => mcu.readUint8(address + i)));
    memory.write(`OK 0x${bytes.toString('hex')}\n`);
  } else if (command === 'writel') {
    mcu.writeUint32(address, value);
    memory.write('OK\n');
  } else {
    memory.write(`FAIL Unknown command '${command}'\n`);
  }
});

powerUp();
run();
