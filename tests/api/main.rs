//! The JSON API and the pages' posts, through the real router, on a real database.

mod calls;
mod connect;
mod grants;
mod layering;
mod pages;
mod result;
mod sessions;
mod world;
