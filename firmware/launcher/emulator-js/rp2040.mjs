// Boots a program for the Raspberry Pi Pico in rp2040js:
//
//   node rp2040.mjs PROGRAM SERIAL MEMORY GALLERY ORIGIN LINE
//
// PROGRAM is the ELF file that is flashed. SERIAL and MEMORY are HOST:PORT of two listening sockets: LINE, which is "uart"
// (UART 0) or "usb" (the serial port that the board is as a USB device), goes to the first; on the second, lines "read
// ADDRESS LENGTH" and "writel ADDRESS WORD" are answered as QEMU's qtest protocol answers them; after "usb-read 0" the PC
// takes nothing from the USB port until "usb-read 1". GALLERY is a file with the content of the flash from the address
// ORIGIN on. Whatever the program erases or programs there is in the file before its next instruction: to kill this
// process is to cut the power.
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
import { RP2040, USBCDC } from 'rp2040js';

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
/** Where in the USB's memory the board says that it has put a packet into an endpoint: that of endpoint 0. */
const IN_BUFFERS = 0x80;
const SYSINFO = 0x40000;
const WATCHDOG = 0x40058;
const CHIP_ID = 0;
const CHIP_B2 = 0x20002927;
/** Number of the exception. */
const HARD_FAULT = 3;
const AIRCR = 0xd0c;
const SYSRESETREQ = 1 << 2;
const UARTRSR = 0x04;
const RX_INTERRUPT = 1 << 4;

const [programPath, serialAddress, memoryAddress, galleryPath, galleryOrigin, line] = process.argv.slice(2);
if (line !== 'uart' && line !== 'usb') fail('usage: node rp2040.mjs PROGRAM SERIAL MEMORY GALLERY ORIGIN uart|usb');
const isUsb = line === 'usb';
const program = readFileSync(programPath);
const gallery = { file: openSync(galleryPath, 'r+'), offset: Number(galleryOrigin) - FLASH };

/** What ends an instruction that restarts the chip. */
class Restart extends Error {}
/** What ends the last instruction of the program. */
class End extends Error {}
/** What ends an instruction that cannot be executed. */
class Fault extends Error {}

let instructions = 0;
let cycles = 0;
let mcu, core, clock, uart, usb;
/** Whether the PC takes what the board sends over USB. */
let isReading = true;

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** Starts the chip. A restart leaves the RAM as it is. */
function powerUp() {
  const before = mcu;
  mcu = new RP2040();
  if (before) mcu.sram.set(before.sram);
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

/** Plugs the USB cable into a PC, which opens the port. The PC is rp2040js's. */
function plugIn() {
  usb = { cdc: new USBCDC(mcu.usbCtrl), room: [] };
  usb.cdc.onSerialData = (bytes) => sent.push(...bytes);
  usb.cdc.onDeviceConnected = feedUsb;
  // rp2040js's PC sends an empty packet, and the next, as long as it has no bytes. A real one waits until it has some.
  mcu.usbCtrl.onEndpointRead = (endpoint, size) => {
    // The board may have room before it is known which of its endpoints is for bytes.
    usb.room[endpoint] = size;
    feedUsb();
  };
  // A packet that the PC does not take stays where the board has put it.
  const take = mcu.usbCtrl.DPRAMUpdated.bind(mcu.usbCtrl);
  mcu.usbCtrl.DPRAMUpdated = (offset, value) => {
    if (isReading || offset !== IN_BUFFERS + 8 * usb.cdc.inEndpoint) return take(offset, value);
    usb.waiting = () => take(offset, value);
  };
}

/** Has the PC read what the board sends, or not any more. */
function setReading(value) {
  isReading = value;
  const waiting = isReading ? usb.waiting : undefined;
  if (!waiting) return;
  usb.waiting = undefined;
  waiting();
  wake();
}

/** Gives the board a packet of bytes if there are some and it has room for one. */
function feedUsb() {
  if (!isUsb || !usb.cdc.initialized || next >= received.length) return;
  const endpoint = usb.cdc.outEndpoint;
  if (!usb.room[endpoint]) return;
  const packet = received.subarray(next, next + usb.room[endpoint]);
  next += packet.length;
  usb.room[endpoint] = 0;
  mcu.usbCtrl.endpointReadDone(endpoint, packet);
}

/** Adds what the firmware needs and rp2040js has not. */
function fillGaps() {
  // rp2040js reports what it does not model. In a peripheral that is no matter; in the core or on the bus it is a fault.
  // Of SEV it only informs.
  mcu.logger = {
    debug() {},
    info(component, message) {
      if (component === 'CortexM0Core' && message === 'SEV') core.eventRegistered = true;
    },
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

  // rp2040js is a chip of revision B1, and its bus does not leave the reset as those expect (RP2040-E5). B2 is newer.
  const readInfo = mcu.peripherals[SYSINFO].readUint32.bind(mcu.peripherals[SYSINFO]);
  mcu.peripherals[SYSINFO].readUint32 = (offset) => (offset === CHIP_ID ? CHIP_B2 : readInfo(offset));

  // Without a receive status register, ones are read: errors that never happen.
  const readUart = uart.readUint32.bind(uart);
  uart.readUint32 = (offset) => (offset === UARTRSR ? 0 : readUart(offset));
  if (isUsb) plugIn();
  else uart.onByte = (byte) => sent.push(byte);

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
  /** reset_to_usb_boot(..): the board is a drive, until it gets another firmware or its power is cut. */
  UB() {
    throw new End();
  },
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
  const listening = !isUsb && uart.enabled && uart.interruptMask & RX_INTERRUPT;
  for (let i = 0; i < count && listening && next < received.length && !uart.rxFIFO.full; i++) {
    uart.feedByte(received[next++]);
    lastFed = cycles;
  }
}

/** Runs instructions until the core sleeps (false) or it is time to look at the sockets (true). */
function slice() {
  for (let i = 0; i < SLICE; i++) {
    if (!isUsb && next < received.length && cycles - lastFed >= CYCLES_PER_BYTE) feed(1);
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

/**
 * Does something that may restart the chip, or fault; undefined if the program has ended. A fault while one is served, or
 * while its frame is pushed, locks the core up until the watchdog restarts the chip: here it does so at once.
 */
function live(something, isFaulting = false) {
  try {
    return something();
  } catch (error) {
    if (error instanceof Fault && core.IPSR !== HARD_FAULT && !isFaulting) {
      console.error(`${error.message}, before ${core.PC.toString(16)}`);
      return live(() => core.exceptionEntry(HARD_FAULT) ?? true, true);
    }
    if (error instanceof End) return undefined;
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
  if (awake === undefined) {
    serial.end(() => process.exit(0));
  } else if (awake) {
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
  feedUsb();
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
  } else if (command === 'usb-read' && isUsb) {
    setReading(address !== 0);
    memory.write('OK\n');
  } else {
    memory.write(`FAIL Unknown command '${command}'\n`);
  }
});

powerUp();
run();
