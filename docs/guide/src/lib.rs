pub mod order;
pub mod service;
