//! The questions that the demo prints: what no department could answer alone.

/// A question to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// One line.
    pub title: String,
    /// The GraphQL document, with a comment on what it shows.
    pub query: String,
    /// Values for its variables; empty where it has none.
    pub variables: serde_json::Map<String, serde_json::Value>,
}

const RESIDENT: &str = r#"# One resident across twelve departments, three of them not databases.
# Civil affairs knows who she is; each field below `address` is a link into another department, and most of them write her
# identity card in a way of their own. The library is a REST service, sports a GraphQL service, meals are spreadsheets.
query OneResident {
  civil {
    resident(where: { idCard: { _eq: "99011019410316002X" } }, limit: 1) {
      idCard
      name
      nameZh
      born
      household {
        address
        neighbourhood {
          name
          street {
            name
          }
        }
        utilityAccount {
          accountNo
          reading(orderBy: { month: DESC }, limit: 2) {
            month
            waterM3
          }
        }
      }
      healthRecord {
        bloodType
        doctor {
          name
          phone
        }
        vaccinations(orderBy: { givenOn: DESC }, limit: 3) {
          vaccine
          givenOn
        }
      }
      medicalInsurance {
        leiXing
        zhangHuYuE
      }
      socialSecurity {
        state
        monthlyPension
      }
      homes {
        fangWu {
          address
          mianJi
        }
      }
      elderlyCare {
        livesAlone
        careLevel
        carer {
          name
        }
      }
      seniorCard {
        cardNumber
        monthlyTrips(orderBy: { month: DESC }) {
          month
          bus
          metro
        }
      }
      communityMember {
        memberNo
        centre {
          phone
        }
      }
      hotlineCases(orderBy: { receivedAt: DESC }, limit: 3) {
        caseNo
        receivedAt
        category
        status
      }
      libraryCards {
        readerNo
        loans(orderBy: { due: DESC }, limit: 2) {
          title
          due
          returned
        }
      }
      sportsMember {
        level
        visits(orderBy: { at: DESC }, limit: 2) {
          at
          venue {
            name
          }
        }
      }
      mealCustomer {
        diet
        canteen {
          name
        }
        meals(orderBy: { day: DESC }, limit: 2) {
          day
          dish
          price
        }
      }
    }
  }
}
"#;

const FLU: &str = r#"# Residents over 80 living alone who have had no flu shot this season, the oldest first.
# Three departments in one filter: civil affairs knows ages, elderly care who lives alone, health who was vaccinated.
query NoFluShot {
  civil {
    resident(
      where: {
        born: { _lte: "1946-10-15" }
        elderlyCare: { livesAlone: { _eq: true } }
        _not: { healthRecord: { vaccinations: { vaccine: { _eq: "influenza" }, givenOn: { _gte: "2026-09-01" } } } }
      }
      orderBy: { born: ASC }
      limit: 20
    ) {
      idCard
      nameZh
      born
      household {
        address
      }
      elderlyCare {
        careLevel
        contactPhone
      }
      healthRecord {
        doctor {
          name
          phone
        }
      }
    }
  }
}
"#;

const ELEVATORS: &str = r#"# Open hotline cases about elevators by street, with the grid officers who are responsible.
# The hotline numbers the streets differently and writes grid cells without a hyphen.
query Elevators {
  civil {
    street(orderBy: { id: ASC }) {
      name
      nameZh
      hotlineCases(
        where: { category: { _eq: "elevator" }, status: { _eq: "open" } }
        orderBy: { receivedAt: ASC }
        limit: 3
      ) {
        caseNo
        receivedAt
        gridCell {
          code
          officers {
            name
            phone
          }
        }
      }
    }
  }
}
"#;

const RESTAURANTS: &str = r#"# Open restaurants of a poor tax grade that failed a fire check this year, and what else is known of them.
# Fire safety writes credit codes in lower case, urban management with hyphens.
query Restaurants {
  marketSupervision {
    enterprise(
      where: {
        trade: { _eq: "restaurant" }
        state: { _eq: "open" }
        fireChecks: { result: { _eq: "failed" }, checkedAt: { _gte: "2026-01-01T00:00:00Z" } }
        taxpayer: { grade: { _in: ["C", "D"] } }
      }
      orderBy: { creditCode: ASC }
      limit: 10
    ) {
      creditCode
      name
      street {
        name
      }
      owner {
        nameZh
        phone
      }
      fireChecks(where: { result: { _eq: "failed" } }, orderBy: { checkedAt: DESC }, limit: 1) {
        checkedAt
        findings {
          text
          remedied
        }
      }
      taxpayer {
        grade
      }
      offences(orderBy: { dtmNoted: DESC }) {
        strKind
        dtmNoted
      }
    }
  }
}
"#;

/// The same over what the streets' own copies of the hotline's database hold, as one; ends [`ELEVATORS`].
const STREET_ELEVATORS: &str = r#"  # The cases that the streets have taken over themselves: one question to all their databases.
  streetCases(
    where: { category: { _eq: "elevator" }, status: { _eq: "open" } }
    orderBy: [{ receivedAt: ASC }, { caseNo: ASC }]
    limit: 5
  ) {
    _source
    caseNo
    receivedAt
    street {
      name
    }
    gridCell {
      officers {
        name
        phone
      }
    }
  }
  streetCasesGroups(
    by: [_source]
    where: { category: { _eq: "elevator" }, status: { _eq: "open" } }
    orderBy: [{ count: DESC }]
  ) {
    key {
      _source
    }
    aggregate {
      count
      min {
        receivedAt
      }
    }
  }
}
"#;

const COPIES: &str = r#"# The streets keep copies of departments' databases, each with a few residents: unions make them one again.
# One resident is looked for in all of them; her patients' records lead back to the district.
query Streets {
  civil {
    resident(where: { idCard: { _eq: "99011019410316002X" } }, limit: 1) {
      name
      streetResidents {
        _source
        household {
          address
        }
      }
    }
  }
  streetPatients(orderBy: [{ idCardNo: ASC }], limit: 5) {
    _source
    idCardNo
    resident {
      name
    }
    streetVaccinationsAggregate {
      aggregate {
        count
        max {
          givenOn
        }
      }
    }
  }
  streetPatientsAggregate {
    aggregate {
      count
      bloodTypes: count(columns: [bloodType], distinct: true)
    }
  }
}
"#;

/// The questions for a district; whether streets have copies of the health commission's database, and of the hotline's.
pub(super) fn questions(health: bool, hotline: bool) -> Vec<Question> {
    let elevators = match ELEVATORS.strip_suffix("}\n") {
        Some(start) if hotline => format!("{start}{STREET_ELEVATORS}"),
        _ => ELEVATORS.to_owned(),
    };
    let mut questions = vec![
        question("One resident across twelve departments, three of them not databases", RESIDENT),
        question("Residents over 80 living alone who have had no flu shot this season", FLU),
        question("Open hotline cases about elevators by street, with the responsible grid officers", &elevators),
        question("Restaurants of a poor tax grade that failed a fire check this year", RESTAURANTS),
    ];
    if health {
        questions.push(question("The streets' own databases as one, and one resident in all of them", COPIES));
    }
    questions
}

fn question(title: &str, query: &str) -> Question {
    Question { title: title.to_owned(), query: query.to_owned(), variables: serde_json::Map::new() }
}
