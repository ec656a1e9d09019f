//! The program from outside: its commands, and what it serves over HTTP.

mod command;
mod http;
mod sources;
