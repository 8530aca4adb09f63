#pragma once

enum drawing { BAR, CROSS };

/* Runs the example. Returns 0 if all went well. */
int recognise(void);

/* Writes a text where a person reads it. The platform has it. */
void put(const char *text);
