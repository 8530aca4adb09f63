// Enrols a drawn cross and a drawn bar, recognises other drawings of them, and prints the embeddings: what
// recognise.c does on every platform. It needs 45 KB of RAM.

extern "C" {
#include "recognise.h"
}

extern "C" void put(const char *text) { Serial.print(text); }

void setup() {
    Serial.begin(115200);
    while (!Serial) {
    }
    recognise();
}

void loop() {}
