/* The example on ARM's MPS2 board with a Cortex-M4 (AN386), as QEMU has it: start, UART, end. No C library
 * is needed: the few functions of one that a compiler calls are in the archive. */

#include <stdint.h>

#include "recognise.h"

/* From mps2.ld. */
extern uint32_t stack_top, data_load, data_start, data_end, bss_start, bss_end;

/* UART 0, a "CMSDK APB UART". */
static volatile uint32_t *const uart = (volatile uint32_t *)0x40004000;
enum { DATA = 0, STATE = 1, CTRL = 2, BAUD_DIV = 4, TRANSMIT_FULL = 1, TRANSMIT = 1 };

void put(const char *text) {
    for (; *text; text++) {
        while (uart[STATE] & TRANSMIT_FULL) {
        }
        uart[DATA] = (uint8_t)*text;
    }
}

/* Ends the emulator: semihosting's SYS_EXIT_EXTENDED. */
static void end(int status) {
    uint32_t block[] = {0x20026, (uint32_t)status}; /* ADP_Stopped_ApplicationExit */
    register uint32_t operation __asm__("r0") = 0x20;
    register uint32_t *argument __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" : : "r"(operation), "r"(argument) : "memory");
}

void start(void) {
    for (uint32_t *to = &data_start, *from = &data_load; to < &data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &bss_start; to < &bss_end;) {
        *to++ = 0;
    }
    /* The floating-point unit: a compiler may use its registers. */
    *(volatile uint32_t *)0xe000ed88 |= 0xf << 20;
    __asm__ volatile("dsb\n isb");
    uart[BAUD_DIV] = 16;
    uart[CTRL] = TRANSMIT;
    end(recognise());
    for (;;) {
    }
}

/* An instruction that failed, such as the one that a panic executes. */
static void fault(void) {
    put("fault\n");
    end(1);
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    [0] = &stack_top, [1] = start, [2] = fault, [3] = fault, [4] = fault, [5] = fault, [6] = fault,
};
