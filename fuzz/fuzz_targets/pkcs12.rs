#![no_main]

cuulong_fuzz::fuzz!("pkcs12");
