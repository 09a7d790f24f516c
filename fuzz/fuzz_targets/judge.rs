#![no_main]

cuulong_fuzz::fuzz!("judge");
