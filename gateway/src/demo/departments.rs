//! The departments: each has a database of its own, with its own habits of naming and of writing keys.
//!
//! In: a town. Out: one `SQLite` file a department. *Invariant*: a file depends on the town alone, to the byte.

mod business;
mod community;
mod department;
mod health;
mod learning;
pub(super) mod leisure;
mod living;
mod registry;
mod voices;
mod welfare;

pub(super) use department::Department;

/// All departments, in the order in which they are made.
pub(super) static DEPARTMENTS: [&Department; 25] = [
    &registry::CIVIL,
    &health::HEALTH,
    &voices::HOTLINE,
    &voices::GRID,
    &welfare::ELDERLY_CARE,
    &registry::POPULATION,
    &registry::PUBLIC_SECURITY,
    &health::MEDICAL_INSURANCE,
    &health::MATERNAL_HEALTH,
    &welfare::SOCIAL_SECURITY,
    &welfare::VETERANS,
    &welfare::DISABLED_PERSONS,
    &living::HOUSING,
    &living::UTILITIES,
    &living::TRANSPORT,
    &living::ENVIRONMENT,
    &learning::EDUCATION,
    &learning::EMPLOYMENT,
    &business::MARKET_SUPERVISION,
    &business::TAXATION,
    &business::FIRE_SAFETY,
    &business::URBAN_MANAGEMENT,
    &community::COMMUNITY_CENTRES,
    &community::VOLUNTEERS,
    &voices::LETTERS_VISITS,
];
