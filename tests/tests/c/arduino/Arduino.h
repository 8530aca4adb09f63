/* As much of Arduino's header as the sketch needs. */
#pragma once

class SerialPort {
public:
    void begin(unsigned long) {}
    void print(const char *text);
    explicit operator bool() const { return true; }
};

extern SerialPort Serial;

void setup();
void loop();
