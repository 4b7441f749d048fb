// The plain C loop of every case, one function per case and dtype, called <case>_<dtype> by worker.py.
//
// setup.go compiles this file four ways: strict and -ffast-math, each serial and with -fopenmp; see
// buildLoops there. Strict means the result of every operation as written: no contraction, no reassociation;
// errno and floating-point traps are given up, as numeric C code does, because they only stop vectorisation.
#include <math.h>
#include <stdint.h>
#include <time.h>

typedef double f64;
typedef float f32;
typedef int64_t i64;
typedef int32_t i32;
typedef uint8_t u8;

typedef void loop_t(long n, long m, void *out, void **in);

// LOOP defines a flat loop: OUT and IN are the element types, a, b and c the inputs, EXPR the element.
#define LOOP(NAME, OUT, IN, EXPR) \
	void NAME(long n, long m, void *out, void **in) { \
		OUT *restrict o = out; \
		const IN *restrict a = in[0], *restrict b = in[1], *restrict c = in[2]; \
		(void)m, (void)a, (void)b, (void)c; \
		_Pragma("omp parallel for schedule(static)") for (long i = 0; i < n; i++) o[i] = EXPR; \
	}

// TABLE defines a loop over an (m,m) result from a column p and a row q.
#define TABLE(NAME, EXPR) \
	void NAME(long n, long m, void *out, void **in) { \
		f64 *restrict o = out; \
		const f64 *restrict p = in[0], *restrict q = in[1]; \
		(void)n; \
		_Pragma("omp parallel for schedule(static)") for (long i = 0; i < m; i++) \
			for (long j = 0; j < m; j++) o[i * m + j] = EXPR; \
	}

static inline f64 sq(f64 x) { return x * x; }

static inline f64 tenth(f64 x) {
	f64 x2 = x * x, x4 = x2 * x2;
	return x4 * x4 * x2;
}

static inline f64 horner16(f64 x) {
	f64 y = 1.0 / 16;
	y = __builtin_fma(y, x, 1.0 / 15), y = __builtin_fma(y, x, 1.0 / 14);
	y = __builtin_fma(y, x, 1.0 / 13), y = __builtin_fma(y, x, 1.0 / 12);
	y = __builtin_fma(y, x, 1.0 / 11), y = __builtin_fma(y, x, 1.0 / 10);
	y = __builtin_fma(y, x, 1.0 / 9), y = __builtin_fma(y, x, 1.0 / 8);
	y = __builtin_fma(y, x, 1.0 / 7), y = __builtin_fma(y, x, 1.0 / 6);
	y = __builtin_fma(y, x, 1.0 / 5), y = __builtin_fma(y, x, 1.0 / 4);
	y = __builtin_fma(y, x, 1.0 / 3), y = __builtin_fma(y, x, 1.0 / 2);
	return __builtin_fma(__builtin_fma(y, x, 1.0), x, 1.0);
}

LOOP(add_f64, f64, f64, a[i] + b[i])
LOOP(add_f32, f32, f32, a[i] + b[i])
LOOP(triad_f64, f64, f64, a[i] + b[i] * c[i])
LOOP(triad_f32, f32, f32, a[i] + b[i] * c[i])
LOOP(poly5_f64, f64, f64, ((((0.5 * a[i] + 1.25) * a[i] - 0.75) * a[i] + 0.3) * a[i] - 1.1) * a[i] + 2.0)
LOOP(pow10_f64, f64, f64, tenth(a[i]))
LOOP(axpby_f64, f64, f64, 2 * a[i] + 3 * b[i])
LOOP(sqrt_f64, f64, f64, sqrt(a[i]))
LOOP(sqrt_f32, f32, f32, sqrtf(a[i]))
LOOP(where_f64, f64, f64, a[i] > b[i] ? a[i] : b[i])
LOOP(cmp3_f64, u8, f64, a[i] * b[i] - 4.1 * a[i] > 2.5 * b[i])
LOOP(imuladd_i64, i64, i64, a[i] * b[i] + c[i])
LOOP(icmp_i32, u8, i32, a[i] < b[i])
LOOP(strided_f64, f64, f64, a[2 * i] + b[2 * i])
TABLE(bcast_add_f64, p[i] + q[j])
TABLE(bcast_sc2_f64, sq(sin(p[i])) + sq(cos(q[j])))
LOOP(cast_i64_f64_i64, f64, i64, (f64)a[i])
LOOP(cast_i32_f32_i32, f32, i32, (f32)a[i])
LOOP(sc2_f64, f64, f64, sq(sin(a[i])) + sq(cos(b[i])))
LOOP(exp_f64, f64, f64, exp(a[i]))
LOOP(exp_f32, f32, f32, expf(a[i]))
LOOP(log_f64, f64, f64, log(a[i]))
LOOP(log_f32, f32, f32, logf(a[i]))
LOOP(sin_f64, f64, f64, sin(a[i]))
LOOP(sin_f32, f32, f32, sinf(a[i]))
LOOP(cos_f64, f64, f64, cos(a[i]))
LOOP(cos_f32, f32, f32, cosf(a[i]))
LOOP(sigmoid_f32, f32, f32, 1 / (1 + expf(-a[i])))
LOOP(horner16_f64, f64, f64, horner16(a[i]))

// sample calls a loop reps times and returns the nanoseconds that took.
double sample(loop_t *f, long reps, long n, long m, void *out, void **in) {
	struct timespec t0, t1;
	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (long r = 0; r < reps; r++) f(n, m, out, in);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	return (t1.tv_sec - t0.tv_sec) * 1e9 + (t1.tv_nsec - t0.tv_nsec);
}
