//! How the departments' sources hang together: the blocks of the demo's `links.toml`.
//!
//! A department that knows people leads to civil affairs' `resident`; the awkward side is always `from`, so that what is
//! asked of civil affairs or the market register goes by their indexes; what is asked of the awkward side goes by the indexes
//! over expressions that the departments have for it.

use std::fmt::Write;

/// One `[[link]]` block.
pub(super) struct Link {
    /// The department it starts at.
    department: &'static str,
    /// Its collection and columns.
    from: &'static str,
    to: &'static str,
    name: &'static str,
    /// The field that leads back; empty for none: no index finds keys that are digits among other letters, or days.
    back: &'static str,
    /// Lines about `normalize`; empty where both write the same.
    normalize: &'static str,
}

const RESIDENT: &str = "civil.resident(id_card)";
const HOUSEHOLD: &str = "civil.household(id)";
const ENTERPRISE: &str = "market_supervision.enterprise(credit_code)";
/// A sheet of a workbook under a pattern has a point in its name.
const CANTEEN: &str = r#"meals."canteens.canteen"(No)"#;

const fn link(
    department: &'static str,
    from: &'static str,
    to: &'static str,
    name: &'static str,
    back: &'static str,
    normalize: &'static str,
) -> Link {
    Link { department, from, to, name, back, normalize }
}

/// All links between departments.
#[rustfmt::skip] // a table
pub(super) static LINKS: [Link; 46] = [
    link("population", "Person(IDCard)", RESIDENT, "resident", "populationRecord", ""),
    link("public_security", "JZZ(ZJHM)", RESIDENT, "resident", "policeRegistration", r#"normalize_from = ["strip_zeros"]"#),
    link("health", "patients(id_card_no)", RESIDENT, "resident", "healthRecord", r#"normalize_from = ["compact", "uppercase"]"#),
    link("health", "clinics(street_name)", "civil.street(name)", "street", "clinics", ""),
    link("medical_insurance", "can_bao_ren(shen_fen_zheng)", RESIDENT, "resident", "medicalInsurance", r#"normalize_from = ["compact"]"#),
    link("maternal_health", "motherRecords(motherIdCard)", RESIDENT, "mother", "maternityRecord", r#"normalize_from = ["uppercase"]"#),
    link("maternal_health", "births(childIdCard)", RESIDENT, "child", "birthRecord", r#"normalize_from = ["uppercase"]"#),
    link("social_security", "SB_CBR(SFZH)", RESIDENT, "resident", "socialSecurity", ""),
    link("social_security", "SB_CBR(DWBH)", ENTERPRISE, "employer", "employees", ""),
    link("veterans", "Veteran Register(ID Card)", RESIDENT, "resident", "veteran", r#"normalize_from = ["uppercase"]"#),
    link("disabled_persons", "certificate(id_card)", RESIDENT, "resident", "disabilityCertificates", ""),
    link("elderly_care", "seniors(id_card)", RESIDENT, "resident", "elderlyCare", ""),
    link("housing", "产权(身份证号)", RESIDENT, "resident", "homes", ""),
    link("housing", "房屋(房屋编号)", HOUSEHOLD, "household", "", r#"normalize_from = ["digits", "strip_zeros"]"#),
    link("utilities", "account(household_no)", HOUSEHOLD, "household", "utilityAccount", r#"normalize_from = ["strip_zeros"]"#),
    link("transport", "SeniorCard(HolderIdCard)", RESIDENT, "resident", "seniorCard", r#"normalize_from = ["compact"]"#),
    link("environment", "station(street)", "civil.street(id)", "streetOffice", "stations", r#"normalize_from = ["trim", "map:maps/environment_streets.csv"]"#),
    link("education", "pupil(idCardNo)", RESIDENT, "resident", "schooling", r#"normalize_from = ["trim"]"#),
    link("education", "pupil(guardianIdCard)", RESIDENT, "guardian", "wards", r#"normalize_from = ["trim"]"#),
    link("education", "school(streetOffice)", "civil.street(name_zh)", "street", "schools", ""),
    link("employment", "job_seeker(idcard)", RESIDENT, "resident", "jobSeeker", ""),
    link("employment", "job_offer(employer_code)", ENTERPRISE, "employer", "jobOffers", r#"normalize_from = ["uppercase"]"#),
    link("market_supervision", "enterprise(owner_id_card)", RESIDENT, "owner", "enterprises", ""),
    link("market_supervision", "enterprise(street_code)", "civil.street(id)", "street", "enterprises", r#"normalize_from = ["map:maps/market_streets.csv"]"#),
    link("taxation", "taxpayer(tax_no)", ENTERPRISE, "enterprise", "taxpayer", ""),
    link("fire_safety", "fire_checks(credit_code)", ENTERPRISE, "enterprise", "fireChecks", r#"normalize_from = ["uppercase"]"#),
    link("urban_management", "tblOffence(strCreditCode)", ENTERPRISE, "enterprise", "offences", r#"normalize_from = ["compact"]"#),
    link("community_centres", "centre(street)", "civil.street(name)", "streetOffice", "communityCentre", r#"normalize = ["trim", "uppercase"]"#),
    link("community_centres", "member(id_card)", RESIDENT, "resident", "communityMember", r#"normalize_from = ["uppercase"]"#),
    link("volunteers", "vol(idno)", RESIDENT, "resident", "volunteer", r#"normalize_from = ["trim"]"#),
    link("volunteers", "svc(for_idno)", RESIDENT, "visited", "volunteerVisits", ""),
    link("grid", "cells(neighbourhood_no)", "civil.neighbourhood(id)", "neighbourhood", "gridCells", ""),
    link("hotline", "cases(street_no)", "civil.street(id)", "street", "hotlineCases", r#"normalize_from = ["map:maps/hotline_streets.csv"]"#),
    link("hotline", "cases(caller_id_card)", RESIDENT, "caller", "hotlineCases", ""),
    link("hotline", "cases(grid_code)", "grid.cells(code)", "gridCell", "hotlineCases", r#"normalize_to = ["compact"]"#),
    link("letters_visits", "petition(petitioner)", RESIDENT, "resident", "petitions", r#"normalize_from = ["compact", "uppercase"]"#),
    link("letters_visits", "petition(received)", "hotline.bulletins(day)", "bulletin", "", r#"normalize_from = ["date:%d/%m/%Y"]"#),
    link("letters_visits", "hand_over(on_day)", "hotline.bulletins(day)", "bulletin", "", r#"normalize_from = ["date:%d/%m/%Y"]"#),
    link("library", "readers(idCard)", RESIDENT, "resident", "libraryCards", ""),
    link("library", "loans(readerNo)", "library.readers(readerNo)", "reader", "loans", ""),
    link("sports", "memberConnection(citizenId)", "civil.resident(id)", "resident", "sportsMember", ""),
    link("sports", "venueConnection(street)", "civil.street(name)", "streetOffice", "sportsVenues", ""),
    link("meals", "customers(ID Card)", RESIDENT, "resident", "mealCustomer", ""),
    link("meals", "customers(Canteen No)", CANTEEN, "canteen", "customers", ""),
    link("meals", "meals(ID Card)", "meals.customers(ID Card)", "customer", "meals", ""),
    link("meals", r#""canteens.canteen"(Street)"#, "civil.street(name)", "streetOffice", "canteen", ""),
];

impl Link {
    /// Whether it starts at that department.
    pub(super) fn starts_at(&self, department: &str) -> bool {
        self.department == department
    }

    /// The block, starting at the department's own database.
    pub(super) fn write(&self, text: &mut String) {
        self.write_from(self.department, true, text);
    }

    /// The block, starting at a street's copy of the department's database; nothing leads back.
    pub(super) fn write_copy(&self, source: &str, text: &mut String) {
        self.write_from(source, false, text);
    }

    /// The columns it starts at, if it starts at that collection.
    pub(super) fn columns_of(&self, collection: &str) -> Option<&'static str> {
        self.from.strip_prefix(collection).filter(|columns| columns.starts_with('('))
    }

    /// The block, starting at a union; it leads back where the union's own index finds its keys.
    pub(super) fn write_union(&self, union: &str, columns: &str, text: &mut String) {
        let back = if self.normalize.is_empty() && !self.back.is_empty() { union } else { "" };
        text.push('\n');
        self.write_block(&format!("{union}{columns}"), back, text);
    }

    fn write_from(&self, source: &str, back: bool, text: &mut String) {
        self.write_block(&format!("{source}.{}", self.from), if back { self.back } else { "" }, text);
        text.push('\n');
    }

    fn write_block(&self, from: &str, back: &str, text: &mut String) {
        let Self { to, name, normalize, .. } = self;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "[[link]]\nfrom = {}\nto = {}\nname = \"{name}\"", quoted(from), quoted(to));
        if !back.is_empty() {
            let _ = writeln!(text, "back = \"{back}\"");
        }
        if !normalize.is_empty() {
            let _ = writeln!(text, "{normalize}");
        }
    }
}

/// A text of TOML.
fn quoted(text: &str) -> String {
    if text.contains('"') { format!("'{text}'") } else { format!("\"{text}\"") }
}
