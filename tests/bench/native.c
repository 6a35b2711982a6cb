// The comparing core as native code: what to-c.ts makes of its source, on SSE4.1 instructions. Built by native.ts as a
// library: gcc -O3 -march=native -DCORE='"core.c"' -shared. The same memory layout, at a fixed address below 4 GiB.
#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;
typedef uintptr_t usize;
typedef __m128i v128;

#define MEMORY 0x60000000ul
#define MEMORY_SIZE 0x10020000ul
#define ASC_FEATURE_SIMD 1
#define __heap_base 0

// Loads and stores at any alignment, with or without an offset.
#define PICK(_1, _2, _3, name, ...) name
#define ACCESS(bits)                                                                                                   \
	static inline u##bits load_at_u##bits(usize p)                                                                 \
	{                                                                                                              \
		u##bits value;                                                                                         \
		memcpy(&value, (const void *)p, sizeof value);                                                         \
		return value;                                                                                          \
	}                                                                                                              \
	static inline void store_at_u##bits(usize p, u##bits value)                                                    \
	{                                                                                                              \
		memcpy((void *)p, &value, sizeof value);                                                               \
	}
ACCESS(8)
ACCESS(16)
ACCESS(32)
ACCESS(64)
#define OFFSET(p, offset, ...) ((usize)(p) + (offset))
#define load_u8(...) load_at_u8(OFFSET(__VA_ARGS__, 0, 0))
#define load_u16(...) load_at_u16(OFFSET(__VA_ARGS__, 0, 0))
#define load_u32(...) load_at_u32(OFFSET(__VA_ARGS__, 0, 0))
#define load_u64(...) load_at_u64(OFFSET(__VA_ARGS__, 0, 0))
#define STORE(at, p, value, offset, ...) at((usize)(p) + (offset), value)
#define store_u8(...) STORE(store_at_u8, __VA_ARGS__, 0, 0)
#define store_u16(...) STORE(store_at_u16, __VA_ARGS__, 0, 0)
#define store_u32(...) STORE(store_at_u32, __VA_ARGS__, 0, 0)
#define store_u64(...) STORE(store_at_u64, __VA_ARGS__, 0, 0)

#define bswap_u16 __builtin_bswap16
#define ctz(x) __builtin_ctzll(x)
#define clz(x) __builtin_clzll(x)
#define min(a, b) ((usize)(a) < (usize)(b) ? (a) : (b))
#define memory_fill(p, byte, size) memset((void *)(p), byte, size)
#define memory_copy(to, from, size) memmove((void *)(to), (const void *)(from), size)

#define v128_load(...) _mm_loadu_si128((const v128 *)OFFSET(__VA_ARGS__, 0, 0))
#define v128_store(p, value) _mm_storeu_si128((v128 *)(p), value)
#define v128_and _mm_and_si128
#define v128_or _mm_or_si128
#define v128_xor _mm_xor_si128
#define v128_any_true(v) (!_mm_testz_si128(v, v))
#define i8x16_splat(byte) _mm_set1_epi8((char)(byte))
#define i8x16_eq _mm_cmpeq_epi8
#define i8x16_sub _mm_sub_epi8
#define i8x16_lt_s(a, b) _mm_cmpgt_epi8(b, a)
#define i8x16_bitmask(v) ((u32)_mm_movemask_epi8(v))
#define i32x4_add _mm_add_epi32
#define i64x2_add _mm_add_epi64
#define i64x2_splat(x) _mm_set1_epi64x(x)
#define i64x2_extract_lane(v, lane) ((u64)_mm_extract_epi64(v, lane))
#define i64x2_extmul_low_i32x4_u(a, b) _mm_mul_epu32(_mm_unpacklo_epi32(a, a), _mm_unpacklo_epi32(b, b))
#define i64x2_extmul_high_i32x4_u(a, b) _mm_mul_epu32(_mm_unpackhi_epi32(a, a), _mm_unpackhi_epi32(b, b))

// b is a constant above 0.
static inline v128 i8x16_lt_u(v128 a, v128 b)
{
	return _mm_cmpeq_epi8(_mm_min_epu8(a, _mm_sub_epi8(b, _mm_set1_epi8(1))), a);
}

#include CORE

// What core.ts calls Core; places are offsets in the memory.
#define EXPORT __attribute__((visibility("default")))

EXPORT bool native_open(void)
{
	void *memory = mmap((void *)MEMORY, MEMORY_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	return memory == (void *)MEMORY;
}

#define PLACE(name)                                                                                                    \
	EXPORT u32 native_##name(void)                                                                                 \
	{                                                                                                              \
		return name - MEMORY;                                                                                  \
	}
PLACE(KEY)
PLACE(WINDOW)
PLACE(CONFIG)
PLACE(TABLE)
PLACE(ARENA)

EXPORT void native_prepare(void)
{
	prepare();
}
EXPORT void native_begin(void)
{
	begin();
}
EXPORT u32 native_rootText(u32 which)
{
	return rootText(which) - MEMORY;
}
EXPORT void native_setRoot(u32 which, u32 size)
{
	setRoot(which, size);
}
EXPORT void native_clear(u32 most, u32 room)
{
	clear(most, room);
}
EXPORT void native_rememberValues(u32 size)
{
	rememberValues(size);
}
EXPORT void native_restore(u32 end, u32 count)
{
	restore(MEMORY + end, count);
}
EXPORT void native_seal(u32 most, u32 room)
{
	seal(most, room);
}
EXPORT void native_rewind(void)
{
	rewind();
}
EXPORT u32 native_run(u32 size)
{
	return run(size);
}
EXPORT u32 native_recordCount(void)
{
	return recordCount();
}
EXPORT u32 native_recordsEnd(void)
{
	return recordsEnd() - MEMORY;
}
EXPORT u32 native_malformedFacts(void)
{
	return malformedFacts();
}
EXPORT u32 native_tooLongFacts(void)
{
	return tooLongFacts();
}
EXPORT u32 native_isFull(void)
{
	return isFull();
}
EXPORT u32 native_KEY_SIZE(void)
{
	return KEY_SIZE;
}
EXPORT u32 native_WINDOW_SIZE(void)
{
	return WINDOW_SIZE;
}
EXPORT u32 native_CONFIG_SIZE(void)
{
	return CONFIG_SIZE;
}
EXPORT u32 native_VALUE_MAX(void)
{
	return VALUE_MAX;
}
EXPORT u32 native_ROOT_MAX(void)
{
	return ROOT_MAX;
}
