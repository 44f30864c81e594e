/* number.c - numbers as people read them. Results have nine digits; a reader of a page wants three, and no exponent
 * where nobody would write one. */
#include "report/number.h"
#include "core/json.h"

#include <math.h>
#include <string.h>

void aus_number_text(char text[AUS_NUMBER], double value, int digits)
{
  if (!isfinite(value)) { strcpy(text, "\xe2\x80\x93"); return; }
  while (digits < 9 && fabs(value) >= pow(10, digits)) digits++;
  aus_format_real(text, value == 0 ? 0 : value, digits); /* no "-0" */
}

void aus_fixed_text(char text[AUS_NUMBER], double value, int digits)
{
  const double size = fabs(value);
  if (!isfinite(value) || size >= 1e6 || (size != 0 && size < 1e-4)) { aus_number_text(text, value, digits); return; }
  const int before = size < 1 ? 0 : 1 + (int)floor(log10(size)), after = digits > before ? digits - before : 0;
  aus_format_real(text, rint(value * pow(10, after)) / pow(10, after), digits + 3);
  size_t n = strlen(text);
  const char *point = strchr(text, '.');
  int have = point ? (int)(n - (size_t)(point - text) - 1) : 0;
  if (after > 0 && !point) text[n++] = '.';
  for (; have < after && n + 1 < AUS_NUMBER; have++) text[n++] = '0';
  text[n] = '\0';
}

void aus_signed_text(char text[AUS_NUMBER], double value, int digits)
{
  char size[AUS_NUMBER];
  aus_number_text(size, isfinite(value) ? fabs(value) : value, digits);
  const char *sign = !isfinite(value) || value == 0 ? "" : value > 0 ? "+" : "\xe2\x88\x92";
  const size_t before = strlen(sign), room = AUS_NUMBER - 1 - before, n = strlen(size) < room ? strlen(size) : room;
  memcpy(text, sign, before);
  memcpy(text + before, size, n);
  text[before + n] = '\0';
}

double aus_nice_step(double span, int most)
{
  const double raw = span / most, power = pow(10, floor(log10(raw))), factor = raw / power;
  return power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
}
