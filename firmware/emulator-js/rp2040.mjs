// Boots a program for the Raspberry Pi Pico in rp2040js:
//
//   node rp2040.mjs PROGRAM SERIAL MEMORY
//
// PROGRAM is the ELF file that is flashed. SERIAL and MEMORY are HOST:PORT of two listening sockets: UART 0 goes to the
// first; on the second, lines "read ADDRESS LENGTH" and "writel ADDRESS WORD" are answered as QEMU's qtest protocol
// answers them. A chip that resets itself ends this program.
//
// Time is virtual: it passes by the cycles that rp2040js says instructions take, and stands while the core sleeps.
// There is no boot ROM: the program starts behind its second boot stage, which has nothing to do here.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { RP2040 } from 'rp2040js';

const FLASH = 0x10000000;
const BOOT2_LEN = 0x100;
/** The system clock's period, at 125 MHz. */
const NANOS_PER_CYCLE = 8;
/** Instructions between two looks at the sockets: about a millisecond. */
const SLICE = 20_000;
/** Cycles from one received byte to the next while the core runs: a tenth of what it takes at 115,200 baud. */
const CYCLES_PER_BYTE = 1_000;

/** Registers of the two counters, see Counter::StandIn in firmware/src/boards.rs. */
const COUNTERS = 0x40070000;
const AIRCR = 0xd0c;
const SYSRESETREQ = 1 << 2;
const UARTRSR = 0x04;
const RX_INTERRUPT = 1 << 4;

const [program, serialAddress, memoryAddress] = process.argv.slice(2);
if (!memoryAddress) fail('usage: node rp2040.mjs PROGRAM SERIAL MEMORY');

const mcu = new RP2040();
const { core, clock } = mcu;
let instructions = 0;
let cycles = 0;

/** rp2040js reports what it does not model. In a peripheral that is no matter; in the core or on the bus it is. */
mcu.logger = {
  debug() {},
  info() {},
  warn(component, message) {
    if (component === 'CortexM0Core' || component === 'RP2040') fail(`${component}: ${message}`);
  },
  error(component, message) {
    fail(`${component}: ${message}`);
  },
};
mcu.onBreak = (code) => fail(`breakpoint ${code} at ${core.PC.toString(16)}`);

/** The counters; on the chip nothing is there. */
mcu.peripherals[(COUNTERS >>> 14) << 2] = {
  readUint32: (offset) => (offset === 0 ? instructions : cycles) >>> 0,
  writeUint32Atomic: (offset) => fail(`write to counter ${offset}`),
};

/** rp2040js has no reset by software. */
const writePpb = mcu.ppb.writeUint32.bind(mcu.ppb);
mcu.ppb.writeUint32 = (offset, value) => {
  if (offset === AIRCR && value & SYSRESETREQ) process.exit(0);
  writePpb(offset, value);
};

/** rp2040js has no receive status register, and reads ones: errors that never happen. */
const uart = mcu.uart[0];
const readUart = uart.readUint32.bind(uart);
uart.readUint32 = (offset) => (offset === UARTRSR ? 0 : readUart(offset));

/**
 * A pending interrupt ends WFI though PRIMASK keeps it from being served; rp2040js would serve it, or, where it had been
 * pending before, sleep on.
 */
const checkForInterrupts = core.checkForInterrupts.bind(core);
core.checkForInterrupts = () => !(core.waiting && core.PM) && checkForInterrupts();
const isPending = () =>
  (core.pendingInterrupts & core.enabledInterrupts) !== 0 || core.pendingSystick || core.pendingPendSV;

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** Puts the program's segments where they lie in flash. */
function load(path) {
  const elf = readFileSync(path);
  const [headers, size, count] = [elf.readUInt32LE(28), elf.readUInt16LE(42), elf.readUInt16LE(44)];
  for (let i = 0; i < count; i++) {
    const [type, offset, , address, length] = [0, 4, 8, 12, 16].map((at) =>
      elf.readUInt32LE(headers + i * size + at),
    );
    if (type === 1 && length > 0) mcu.flash.set(elf.subarray(offset, offset + length), address - FLASH);
  }
  core.VTOR = FLASH + BOOT2_LEN;
  core.SP = mcu.readUint32(core.VTOR);
  core.PC = mcu.readUint32(core.VTOR + 4) & ~1;
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

let running = false;

function run() {
  running = slice();
  flush();
  if (running) setImmediate(run);
}

function wake() {
  if (running) return;
  running = true;
  setImmediate(run);
}

const serial = open(serialAddress);
let sent = [];
uart.onByte = (byte) => sent.push(byte);

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

load(program);
wake();
