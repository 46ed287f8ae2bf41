/// Compiles a function once for each instruction set, for loops that the compiler vectorises well by itself: the same
/// source, wider registers. The function gets `level` as its first argument.
///
/// Rust never contracts a product and a sum into one rounding, so every version gives the same bits.
macro_rules! vectorised {
    ($(#[$attribute:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block) => {
        $(#[$attribute])*
        #[allow(clippy::too_many_arguments)]
        $visibility fn $name(level: $crate::Level, $($argument: $type),*) $(-> $result)? {
            #[inline(always)]
            fn plain($($argument: $type),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn avx2($($argument: $type),*) $(-> $result)? {
                plain($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,avx512f,avx512bw,avx512vl,avx512dq")]
            fn avx512($($argument: $type),*) $(-> $result)? {
                plain($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            if level >= $crate::Level::Avx512 {
                assert!($crate::Level::Avx512.is_available(), "this processor has no AVX-512");
                // SAFETY: the features were just asserted.
                return unsafe { avx512($($argument),*) };
            } else if level >= $crate::Level::Avx2 {
                assert!($crate::Level::Avx2.is_available(), "this processor has no AVX2");
                // SAFETY: the feature was just asserted.
                return unsafe { avx2($($argument),*) };
            }
            let _ = level;
            plain($($argument),*)
        }
    };
}

pub(crate) use vectorised;
