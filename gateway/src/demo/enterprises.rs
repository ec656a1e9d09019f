//! Enterprises: what people work for, eat at and complain about.

use super::random::Random;
use super::streets::{Neighbourhood, REGION, STREETS};

/// One enterprise.
#[derive(Clone, Debug)]
pub(super) struct Enterprise {
    /// From 1.
    pub(super) number: u32,
    /// The unified social credit code: eighteen characters, the last a check character.
    pub(super) code: String,
    pub(super) name: String,
    pub(super) name_zh: String,
    pub(super) trade: Trade,
    pub(super) neighbourhood: Neighbourhood,
    /// The card of the person who answers for it.
    pub(super) owner: Option<String>,
}

/// What an enterprise does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trade {
    pub(super) name: &'static str,
    noun: &'static str,
    noun_zh: &'static str,
}

/// The trade that the question about fire safety asks for.
pub(super) const RESTAURANT: Trade = Trade { name: "restaurant", noun: "Restaurant", noun_zh: "饭店" };
const TRADES: [Trade; 8] = [
    RESTAURANT,
    Trade { name: "shop", noun: "Food Shop", noun_zh: "食品商店" },
    Trade { name: "workshop", noun: "Machine Works", noun_zh: "机械厂" },
    Trade { name: "software", noun: "Software", noun_zh: "软件公司" },
    Trade { name: "hotel", noun: "Hotel", noun_zh: "宾馆" },
    Trade { name: "pharmacy", noun: "Pharmacy", noun_zh: "药房" },
    Trade { name: "logistics", noun: "Logistics", noun_zh: "物流公司" },
    Trade { name: "training", noun: "Training Centre", noun_zh: "培训中心" },
];
const NAMES: [(&str, &str); 16] = [
    ("Dongfang", "东方"),
    ("Hengfeng", "恒丰"),
    ("Xinyuan", "新源"),
    ("Meilin", "梅林"),
    ("Hualian", "华联"),
    ("Tongji", "同济"),
    ("Fuxing", "复兴"),
    ("Jinhui", "金汇"),
    ("Lantian", "蓝天"),
    ("Baili", "百利"),
    ("Yongan", "永安"),
    ("Sanyang", "三阳"),
    ("Wanxiang", "万象"),
    ("Chunfeng", "春风"),
    ("Jiangnan", "江南"),
    ("Hongda", "宏大"),
];

impl Enterprise {
    /// The enterprise of that number, without an owner.
    pub(super) fn draw(number: u32) -> Self {
        let mut random = Random::of("enterprise", u64::from(number));
        let (name, name_zh) = random.pick(&NAMES);
        let trade = *random.pick(&TRADES);
        let street = random.pick(&STREETS);
        let neighbourhood = Neighbourhood::of(street, random.below(8));
        Self {
            number,
            code: credit_code(number),
            name: format!("{} {name} {}", street.name, trade.noun),
            name_zh: format!("{}{name_zh}{}", street.name_zh, trade.noun_zh),
            trade,
            neighbourhood,
            owner: None,
        }
    }

    /// What one department knows of it, as a stream.
    pub(super) fn random(&self, department: &str) -> Random {
        Random::of(department, u64::from(self.number) + (1 << 40))
    }
}

/// The code of the so-manieth enterprise, with the check character of GB 32100.
fn credit_code(number: u32) -> String {
    const CHARACTERS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let mut code = format!("91{REGION}MA{number:07}");
    let (mut sum, mut weight) = (0, 1);
    for byte in code.bytes() {
        let value = CHARACTERS.iter().position(|&character| character == byte).unwrap_or(0);
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    code.push(char::from(CHARACTERS[(31 - sum % 31) % 31]));
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credit_codes_are_eighteen_characters_and_differ() {
        let codes: std::collections::BTreeSet<String> = (1..=2_000).map(credit_code).collect();
        assert_eq!(codes.len(), 2_000);
        assert!(codes.iter().all(|code| code.len() == 18 && code.starts_with("91990110MA")));
    }

    #[test]
    fn an_enterprise_is_the_same_each_time_it_is_drawn() {
        let (first, second) = (Enterprise::draw(42), Enterprise::draw(42));
        assert_eq!((first.code, first.name, first.name_zh), (second.code, second.name, second.name_zh));
    }
}
