//! The ground the district stands on: twelve streets, their neighbourhoods and the cells of the inspection grid.

/// The region's six digits; no province begins with 99, so no card made here can be anybody's.
pub(super) const REGION: &str = "990110";
/// Neighbourhood committees in each street.
pub(super) const NEIGHBOURHOODS: u32 = 8;
/// Grid cells in each neighbourhood.
const CELLS: u32 = 3;

/// One street: an administrative unit with an office of its own.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Street {
    /// From 1 to 12, in the order of civil affairs.
    pub(super) number: u32,
    /// In Latin letters.
    pub(super) name: &'static str,
    /// In Chinese, without the words for a street office.
    pub(super) name_zh: &'static str,
    /// What the hotline calls it: it numbers the streets in the order in which they joined.
    pub(super) hotline_number: u32,
}

const fn street(number: u32, name: &'static str, name_zh: &'static str, hotline_number: u32) -> Street {
    Street { number, name, name_zh, hotline_number }
}

/// The twelve, by number.
pub(super) static STREETS: [Street; 12] = [
    street(1, "Siping Road", "四平路", 7),
    street(2, "Wujiaochang", "五角场", 3),
    street(3, "Kongjiang Road", "控江路", 11),
    street(4, "Yanji", "延吉", 1),
    street(5, "Changbai", "长白", 9),
    street(6, "Daqiao", "大桥", 12),
    street(7, "Dinghai Road", "定海路", 2),
    street(8, "Pingliang Road", "平凉路", 5),
    street(9, "Jiangpu Road", "江浦路", 10),
    street(10, "Yinhang", "殷行", 4),
    street(11, "Xinjiangwan", "新江湾", 8),
    street(12, "Changhai Road", "长海路", 6),
];

impl Street {
    /// The code that civil affairs gives it: the region and three digits.
    pub(super) fn id(&self) -> String {
        format!("{REGION}{:03}", self.number)
    }

    /// Its name as the start of a file's name.
    pub(super) fn slug(&self) -> String {
        self.name.to_lowercase().replace(' ', "_")
    }
}

/// A neighbourhood: the area of one residents' committee.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neighbourhood {
    /// The street it belongs to.
    pub(super) street: &'static Street,
    /// From 1 within the street.
    pub(super) index: u32,
}

const NEIGHBOURHOOD_NAMES: [(&str, &str); NEIGHBOURHOODS as usize] = [
    ("First Village", "一村"),
    ("Second Village", "二村"),
    ("New Lane", "新里"),
    ("Garden", "花园"),
    ("Riverside", "滨河"),
    ("North", "北区"),
    ("South", "南区"),
    ("Old Mill", "纺织新村"),
];

impl Neighbourhood {
    /// One of a street's, in turn.
    pub(super) fn of(street: &'static Street, turn: u32) -> Self {
        Self { street, index: turn % NEIGHBOURHOODS + 1 }
    }

    /// All of a street.
    pub(super) fn all_of(street: &'static Street) -> impl Iterator<Item = Self> {
        (0..NEIGHBOURHOODS).map(move |turn| Self::of(street, turn))
    }

    /// Its number in the district.
    pub(super) fn number(&self) -> u32 {
        self.street.number * 100 + self.index
    }

    /// In Latin letters.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.street.name, NEIGHBOURHOOD_NAMES[self.index as usize - 1].0)
    }

    /// In Chinese.
    pub(super) fn name_zh(&self) -> String {
        format!("{}{}", self.street.name_zh, NEIGHBOURHOOD_NAMES[self.index as usize - 1].1)
    }

    /// Its grid cells.
    pub(super) fn cells(&self) -> impl Iterator<Item = Cell> {
        let neighbourhood = *self;
        (0..CELLS).map(move |turn| Cell { neighbourhood, number: (neighbourhood.index - 1) * CELLS + turn + 1 })
    }

    /// The grid cell that a building stands in.
    pub(super) fn cell_of(&self, building: u32) -> Cell {
        Cell { neighbourhood: *self, number: (self.index - 1) * CELLS + building % CELLS + 1 }
    }
}

/// One cell of the inspection grid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    /// The neighbourhood it is a part of.
    pub(super) neighbourhood: Neighbourhood,
    /// From 1 within the street.
    pub(super) number: u32,
}

impl Cell {
    /// As the grid centre writes it: `03-07`.
    pub(super) fn code(&self) -> String {
        format!("{:02}-{:02}", self.neighbourhood.street.number, self.number)
    }
}
