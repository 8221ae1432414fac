mod data;
mod decoders;
