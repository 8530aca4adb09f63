/* What a board's core has: the port, and who calls the sketch. */

#include "Arduino.h"

SerialPort Serial;

extern "C" void uart_put(const char *text);

void SerialPort::print(const char *text) { uart_put(text); }

extern "C" int run_sketch(void) {
    setup();
    return 0;
}
