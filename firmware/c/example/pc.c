/* The example on a PC. */

#include <stdio.h>

#include "recognise.h"

void put(const char *text) { fputs(text, stdout); }

int main(void) { return recognise(); }
