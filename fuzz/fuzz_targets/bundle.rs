#![no_main]

cuulong_fuzz::fuzz!("bundle");
