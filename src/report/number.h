/* number.h - numbers as people read them, whatever the locale. */
#ifndef AUS_REPORT_NUMBER_H
#define AUS_REPORT_NUMBER_H

#include <stddef.h>

enum { AUS_NUMBER = 48 };

/* This many significant digits, NaN as an en dash; 8000, not 8e+03. */
void aus_number_text(char text[AUS_NUMBER], double value, int digits);
/* The same, zeros after the point kept: 0.620. */
void aus_fixed_text(char text[AUS_NUMBER], double value, int digits);
/* As aus_number_text with its sign, + or U+2212. */
void aus_signed_text(char text[AUS_NUMBER], double value, int digits);

/* 1, 2 or 5 times a power of ten such that at most so many steps cover the span (> 0). */
double aus_nice_step(double span, int most);

#endif
