mod data;
mod decoders;
mod fuzz_decode;
