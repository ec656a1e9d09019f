//! Residents: names, birthdays, identity cards. All of them are invented.

use chrono::{Datelike, Days, NaiveDate};

use super::random::Random;
use super::streets::REGION;

/// The district's today; whatever happens in it happens before, on every day the demo is run.
pub(super) const TODAY: NaiveDate = date(2026, 10, 15);
/// The first day of the season's flu vaccinations.
pub(super) const FLU_SEASON: NaiveDate = date(2026, 9, 1);
/// The birthday of the resident whom every department knows.
pub(super) const KNOWN_BORN: NaiveDate = date(1941, 3, 16);

/// A day of the calendar; the constants above are the only callers, and a test looks at them.
const fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(date) => date,
        None => NaiveDate::MIN,
    }
}

/// A day some days before today.
pub(super) fn days_ago(days: u32) -> NaiveDate {
    TODAY - Days::new(u64::from(days))
}

/// Two sexes, as the cards have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sex {
    Female,
    Male,
}

/// A name in both writings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// Surname first, in Latin letters.
    pub(super) latin: String,
    /// In Chinese.
    pub(super) chinese: String,
    /// The surname's place in the list, for children.
    surname: usize,
}

/// One person.
#[derive(Clone, Debug)]
pub(super) struct Resident {
    /// From 1; civil affairs' key.
    pub(super) number: u32,
    /// Eighteen characters, the last a check digit or `X`.
    pub(super) id_card: String,
    pub(super) name: Name,
    pub(super) sex: Sex,
    pub(super) born: NaiveDate,
    /// The numbers of the parents, where they live here too.
    pub(super) mother: Option<u32>,
    pub(super) father: Option<u32>,
    /// The credit code of the enterprise they work for.
    pub(super) employer: Option<String>,
    /// Has moved out of the district: civil affairs has forgotten them, others have not.
    pub(super) gone: bool,
    /// Is known to every department: whom the first question asks for.
    pub(super) known: bool,
}

impl Resident {
    /// Whole years today.
    pub(super) fn age(&self) -> u32 {
        let before = (TODAY.month(), TODAY.day()) < (self.born.month(), self.born.day());
        (TODAY.year() - self.born.year() - i32::from(before)).unsigned_abs()
    }

    /// What one department knows of them, as a stream.
    pub(super) fn random(&self, department: &str) -> Random {
        Random::of(department, u64::from(self.number))
    }

    /// Whether a department that knows `percent` of a hundred knows this one; `random` is its stream.
    pub(super) fn is_known(&self, random: &mut Random, percent: u32) -> bool {
        random.chance(percent) || self.known
    }

    /// A telephone number that no one has: none begins with 100.
    pub(super) fn phone(&self) -> String {
        format!("100{:08}", Random::of("phone", u64::from(self.number)).below(100_000_000))
    }

    /// The card in lower case, in groups: `990110 19410316 002x`.
    pub(super) fn spaced_card(&self) -> String {
        let card = self.id_card.to_lowercase();
        format!("{} {} {}", &card[..6], &card[6..14], &card[14..])
    }

    /// The card in groups with hyphens: `990110-19410316-002X`.
    pub(super) fn hyphened_card(&self) -> String {
        format!("{}-{}-{}", &self.id_card[..6], &self.id_card[6..14], &self.id_card[14..])
    }
}

/// The identity card of the so-manieth person of a sex born on a day, counted from 0.
pub(super) fn id_card(born: NaiveDate, sex: Sex, turn: u32) -> String {
    let sequence = turn * 2 + if sex == Sex::Male { 1 } else { 2 };
    let mut card = format!("{REGION}{}{sequence:03}", born.format("%Y%m%d"));
    card.push(check_digit(&card));
    card
}

/// ISO 7064 MOD 11-2 over seventeen digits.
fn check_digit(digits: &str) -> char {
    const DIGITS: [char; 11] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'X'];
    let sum = digits.bytes().fold(0, |sum, byte| (sum + u32::from(byte - b'0')) * 2 % 11);
    DIGITS[((12 - sum) % 11) as usize]
}

const SURNAMES: [(&str, &str); 32] = [
    ("Wang", "王"),
    ("Li", "李"),
    ("Zhang", "张"),
    ("Chen", "陈"),
    ("Liu", "刘"),
    ("Zhou", "周"),
    ("Xu", "徐"),
    ("Wu", "吴"),
    ("Zhu", "朱"),
    ("Shen", "沈"),
    ("Yang", "杨"),
    ("Zhao", "赵"),
    ("Gu", "顾"),
    ("Lu", "陆"),
    ("Huang", "黄"),
    ("Sun", "孙"),
    ("Hu", "胡"),
    ("Lin", "林"),
    ("Jin", "金"),
    ("Qian", "钱"),
    ("Yao", "姚"),
    ("Cao", "曹"),
    ("Gao", "高"),
    ("He", "何"),
    ("Xia", "夏"),
    ("Ma", "马"),
    ("Pan", "潘"),
    ("Tang", "唐"),
    ("Cai", "蔡"),
    ("Ding", "丁"),
    ("Lü", "吕"),
    ("Ouyang", "欧阳"),
];

const OLD_FEMALE: [(&str, &str); 14] = [
    ("xiu", "秀"),
    ("ying", "英"),
    ("gui", "桂"),
    ("lan", "兰"),
    ("yu", "玉"),
    ("zhen", "珍"),
    ("feng", "凤"),
    ("mei", "梅"),
    ("hua", "华"),
    ("hong", "红"),
    ("qin", "琴"),
    ("fang", "芳"),
    ("di", "娣"),
    ("bao", "宝"),
];
const OLD_MALE: [(&str, &str); 14] = [
    ("guo", "国"),
    ("jian", "建"),
    ("ming", "明"),
    ("hua", "华"),
    ("de", "德"),
    ("fu", "福"),
    ("gen", "根"),
    ("rong", "荣"),
    ("wei", "伟"),
    ("jun", "军"),
    ("liang", "良"),
    ("xing", "兴"),
    ("yong", "永"),
    ("lin", "林"),
];
const YOUNG_FEMALE: [(&str, &str); 14] = [
    ("xin", "欣"),
    ("yi", "怡"),
    ("zi", "梓"),
    ("han", "涵"),
    ("yu", "雨"),
    ("tong", "桐"),
    ("jia", "佳"),
    ("ting", "婷"),
    ("jing", "静"),
    ("xue", "雪"),
    ("min", "敏"),
    ("qi", "琪"),
    ("yue", "悦"),
    ("lin", "琳"),
];
const YOUNG_MALE: [(&str, &str); 14] = [
    ("hao", "浩"),
    ("yu", "宇"),
    ("ze", "泽"),
    ("chen", "晨"),
    ("jie", "杰"),
    ("lei", "磊"),
    ("kai", "凯"),
    ("xuan", "轩"),
    ("bo", "博"),
    ("wen", "文"),
    ("peng", "鹏"),
    ("tao", "涛"),
    ("yi", "毅"),
    ("rui", "睿"),
];

impl Name {
    /// The name of the resident whom every department knows.
    pub(super) fn known() -> Self {
        Self { latin: "Wang Xiuying".into(), chinese: "王秀英".into(), surname: 0 }
    }

    /// A name that goes with a year of birth; `family` passes its surname on.
    pub(super) fn draw(random: &mut Random, sex: Sex, born: NaiveDate, family: Option<&Name>) -> Self {
        // The commoner surnames stand first, so the lower of two draws.
        let drawn = random.below(SURNAMES.len() as u32).min(random.below(SURNAMES.len() as u32)) as usize;
        let surname = family.map_or(drawn, |family| family.surname);
        let syllables = match (sex, born.year() < 1978) {
            (Sex::Female, true) => &OLD_FEMALE,
            (Sex::Female, false) => &YOUNG_FEMALE,
            (Sex::Male, true) => &OLD_MALE,
            (Sex::Male, false) => &YOUNG_MALE,
        };
        let (mut latin, mut chinese) = (String::new(), String::new());
        for _ in 0..if random.chance(75) { 2 } else { 1 } {
            let (sound, sign) = random.pick(syllables);
            latin.push_str(sound);
            chinese.push_str(sign);
        }
        let (family_latin, family_chinese) = SURNAMES[surname];
        latin[..1].make_ascii_uppercase();
        Self { latin: format!("{family_latin} {latin}"), chinese: format!("{family_chinese}{chinese}"), surname }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_days_of_the_district_are_days() {
        for (day, text) in [(TODAY, "2026-10-15"), (FLU_SEASON, "2026-09-01"), (KNOWN_BORN, "1941-03-16")] {
            assert_eq!(day.to_string(), text);
        }
        assert_eq!(days_ago(15).to_string(), "2026-09-30");
    }

    #[test]
    fn cards_end_in_the_check_digit_of_the_standard() {
        // A published example of the standard: 11010519491231002X.
        assert_eq!(check_digit("11010519491231002"), 'X');
        assert_eq!(check_digit("44052418800101001"), '4');
        assert_eq!(id_card(KNOWN_BORN, Sex::Female, 0), "99011019410316002X");
        assert_eq!(&id_card(KNOWN_BORN, Sex::Male, 3)[..17], "99011019410316007");
    }

    #[test]
    fn a_card_is_written_as_departments_write_it() {
        let mut random = Random::of("name", 1);
        let resident = Resident {
            number: 1,
            id_card: "99011019410316002X".into(),
            name: Name::draw(&mut random, Sex::Female, KNOWN_BORN, Some(&Name::known())),
            sex: Sex::Female,
            born: KNOWN_BORN,
            mother: None,
            father: None,
            employer: None,
            gone: false,
            known: true,
        };
        assert_eq!(resident.spaced_card(), "990110 19410316 002x");
        assert_eq!(resident.hyphened_card(), "990110-19410316-002X");
        assert!(resident.name.latin.starts_with("Wang ") && resident.name.chinese.starts_with('王'));
        assert_eq!(resident.age(), 85);
        assert_eq!(resident.phone().len(), 11);
        assert!((0..20).all(|_| resident.is_known(&mut random, 0)));
    }
}
