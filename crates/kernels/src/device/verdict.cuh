// What motion found out about a frame as a whole, in bits: the constants of `verdict.rs`.
#pragma once

#include <stdint.h>

// Nothing of the previous frame goes on.
static constexpr uint32_t CUT = 1;
// The picture is the previous one again, bit for bit.
static constexpr uint32_t REPEATED = 2;
