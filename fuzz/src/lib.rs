//! What all fuzzers share: each gives the bytes to one reader of the list in `hostile` and fails when the
//! reader takes more memory than is allowed. libFuzzer itself watches the time.

use peak_alloc::PeakAlloc;

/// Counts what the reader allocates.
#[global_allocator]
pub static HEAP: PeakAlloc = PeakAlloc;

/// What is allowed for an input of ten megabytes: 64 MB.
const BYTES_PER_BYTE: f64 = 6.4;
/// What is allowed for the smallest input, which needs tables and keys too.
const BYTES_MIN: usize = 4 << 20;

/// The highest use of memory for an input of so many bytes.
pub fn allowed(len: usize) -> usize {
    BYTES_MIN + (len as f64 * BYTES_PER_BYTE) as usize
}

/// A fuzzer: gives what libFuzzer invents to the reader of this name.
#[macro_export]
macro_rules! fuzz {
    ($name:literal) => {
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
            $crate::HEAP.reset_peak_usage();
            let before = $crate::HEAP.current_usage();
            hostile::read($name, bytes);
            let used = $crate::HEAP.peak_usage().saturating_sub(before);
            assert!(used <= $crate::allowed(bytes.len()), "{used} bytes for {}", bytes.len());
        });
    };
}
