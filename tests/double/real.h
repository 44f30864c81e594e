/* real.h - included before everything in the double build (tests/double/build.sh): float means double, and the functions of
 * math.h for floats mean those for doubles. The system's headers come first, so that they are left alone. */
#ifndef AUS_REAL_H
#define AUS_REAL_H
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define AUS_DOUBLE 1
typedef float aus_binary32;
#define AUS_BINARY32 aus_binary32 /* what files hold */
#define float double
#define sqrtf sqrt
#define fabsf fabs
#define fmaf fma
#define floorf floor
#define ceilf ceil
#define rintf rint
#define roundf round
#define truncf trunc
#define expf exp
#define exp2f exp2
#define expm1f expm1
#define logf log
#define log1pf log1p
#define log10f log10
#define log2f log2
#define tanhf tanh
#define sinf sin
#define cosf cos
#define erff erf
#define powf pow
#define fmodf fmod
#define fmaxf fmax
#define fminf fmin
#define hypotf hypot
#define atan2f atan2
#define copysignf copysign
#define nextafterf nextafter
#define ldexpf ldexp
#define lroundf lround
#define lrintf lrint
#define strtof strtod
#endif
