/* fuzz.h - a fuzz target is one function, the one libFuzzer calls. */
#ifndef AUS_FUZZ_H
#define AUS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
