//! The one integration-test binary: what no crate can test alone.

mod approve;
mod backup;
mod batch;
mod browser;
mod custody;
mod desk;
mod edit;
mod faults;
mod front;
mod hall;
mod harness;
mod kill;
mod leave;
mod life;
mod money;
mod national;
mod opinion;
mod petition;
mod pieces;
mod routes;
mod running;
mod sql;
mod upgrade;
