#![no_main]

cuulong_fuzz::fuzz!("list");
