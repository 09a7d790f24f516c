//! The one integration-test binary: what no crate can test alone.

mod approve;
mod backup;
mod batch;
mod browser;
mod custody;
mod desk;
mod faults;
mod front;
mod hall;
mod harness;
mod helper;
mod kill;
mod leave;
mod life;
mod money;
mod national;
mod opinion;
mod petition;
mod pieces;
mod proof;
mod routes;
mod running;
mod scan;
mod sql;
mod upgrade;
