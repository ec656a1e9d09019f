//! The whole program, as its users see it: its commands, what it serves over HTTP, its demo, and its answers against an
//! oracle.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod aggregates;
mod cache;
mod command;
mod cost;
mod crowd;
mod demo;
mod describe;
mod differential;
mod discover;
mod engines;
mod faults;
mod files;
mod http;
mod letter;
mod long;
mod pages;
mod residual;
mod rest;
mod room;
mod servers;
mod services;
mod sources;
mod union;
mod unread;
