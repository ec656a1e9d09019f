//! What a source can do by itself. The planner relies on exactly this; the contract suite proves it.

/// What is not claimed here is done by the gateway, over the rows that the claimed part leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Comparisons, lists, null tests and `and`/`or`/`not` over columns, with SQL's three values and exact equality.
    pub filter: bool,
    /// `_like`, `_startsWith`, `_endsWith`, `_contains` and their negations, case-sensitive.
    pub like: bool,
    /// `_ilike`, `_nilike` with Unicode's simple case folding.
    pub ilike: bool,
    /// Filters through links inside the source (`exists`).
    pub exists: bool,
    /// Order by columns, nulls placed as asked; the values ordered by in the answer.
    pub order: bool,
    /// Order by columns of object links inside the source, and tests on such columns.
    pub order_links: bool,
    /// A limit and an offset over the whole result, and `distinctOn`.
    pub limit: bool,
    /// How many keys a fetch by keys takes; 0: none.
    pub keys: usize,
    /// A limit and an offset for each key of a fetch by keys.
    pub limit_per_key: bool,
    /// Folding rows into groups, with conditions, orders and limits of groups.
    pub group: bool,
    /// Groups by columns of object links inside the source.
    pub group_links: bool,
    /// Aggregates over linked rows of the source, in filters and in orders.
    pub link_aggregates: bool,
}

impl Capabilities {
    /// Nothing but reading a whole collection.
    pub const NONE: Capabilities = Capabilities {
        filter: false,
        like: false,
        ilike: false,
        exists: false,
        order: false,
        order_links: false,
        limit: false,
        keys: 0,
        limit_per_key: false,
        group: false,
        group_links: false,
        link_aggregates: false,
    };

    /// Everything.
    pub const ALL: Capabilities = Capabilities {
        filter: true,
        like: true,
        ilike: true,
        exists: true,
        order: true,
        order_links: true,
        limit: true,
        keys: usize::MAX,
        limit_per_key: true,
        group: true,
        group_links: true,
        link_aggregates: true,
    };
}
