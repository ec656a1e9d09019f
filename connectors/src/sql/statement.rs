//! A statement while it is written: its parameters in order, and names that are given out once.

/// What the parameters of a statement stand for; `S` is the dialect's own idea of a parameter.
#[derive(Debug)]
pub(crate) struct Statement<S> {
    slots: Vec<S>,
    aliases: usize,
}

impl<S> Statement<S> {
    /// A statement without parameters.
    pub(crate) fn new() -> Self {
        Self { slots: Vec::new(), aliases: 0 }
    }

    /// The number of a new parameter, counted from 1.
    pub(crate) fn slot(&mut self, slot: S) -> usize {
        self.slots.push(slot);
        self.slots.len()
    }

    /// A name that no other part of the statement has.
    pub(crate) fn alias(&mut self) -> String {
        let alias = format!("t{}", self.aliases);
        self.aliases += 1;
        alias
    }

    /// All parameters, the first of number 1.
    pub(crate) fn into_slots(self) -> Vec<S> {
        self.slots
    }
}
