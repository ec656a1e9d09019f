//! Writes workbooks of Excel 97 to 2003: records of BIFF8 in a compound file, the least that is one.
//!
//! In: sheets with their cells. Out: the bytes of an XLS file.

/// What stands in a cell; dates are serial days, errors codes as Excel has them.
#[derive(Clone, Copy)]
pub(super) enum Is {
    Nothing,
    Number(f64),
    Date(f64),
    Moment(f64),
    Text(&'static str),
    Boolean(bool),
    Error(u8),
    /// A formula and what it came to.
    Formula(f64),
    /// A formula that came to an error.
    Failed(u8),
}

/// A sheet: its cells, and merged regions as first row, last row, first column, last column.
pub(super) struct Sheet<'a> {
    pub(super) name: &'a str,
    pub(super) hidden: bool,
    pub(super) rows: &'a [&'a [Is]],
    pub(super) merged: &'a [[u16; 4]],
}

/// The bytes of a workbook; one that asks for a password says so in its first records.
pub(super) fn workbook(sheets: &[Sheet<'_>], protected: bool) -> Vec<u8> {
    let mut texts: Vec<&str> = Vec::new();
    let bodies: Vec<Vec<u8>> = sheets.iter().map(|sheet| body(sheet, &mut texts)).collect();
    let before = |positions: &[u32]| {
        let mut bytes = beginning(5);
        if protected {
            record(0x002F, &[1, 0, 1, 0, 1, 0], &mut bytes);
        }
        record(0x0042, &1_200u16.to_le_bytes(), &mut bytes);
        for format in [0u8, 14, 22] {
            let mut extended = vec![0; 20];
            extended[2] = format;
            record(0x00E0, &extended, &mut bytes);
        }
        for (sheet, position) in sheets.iter().zip(positions) {
            let mut listed = position.to_le_bytes().to_vec();
            listed.extend([u8::from(sheet.hidden), 0, sheet.name.len() as u8, 0]);
            listed.extend(sheet.name.bytes());
            record(0x0085, &listed, &mut bytes);
        }
        let count = (texts.len() as u32).to_le_bytes();
        let mut shared = [count, count].concat();
        for text in &texts {
            let units: Vec<u16> = text.encode_utf16().collect();
            shared.extend((units.len() as u16).to_le_bytes());
            shared.push(1);
            shared.extend(units.into_iter().flat_map(u16::to_le_bytes));
        }
        record(0x00FC, &shared, &mut bytes);
        record(0x000A, &[], &mut bytes);
        bytes
    };
    let mut at = before(&vec![0; sheets.len()]).len() as u32;
    let mut positions = Vec::new();
    for body in &bodies {
        positions.push(at);
        at += body.len() as u32;
    }
    compound(&[before(&positions), bodies.concat()].concat())
}

fn record(kind: u16, content: &[u8], bytes: &mut Vec<u8>) {
    bytes.extend(kind.to_le_bytes());
    bytes.extend((content.len() as u16).to_le_bytes());
    bytes.extend(content);
}

/// The record that the workbook (5) and each sheet (16) begin with.
fn beginning(of: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    record(0x0809, &[0, 6, of, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &mut bytes);
    bytes
}

fn body<'a>(sheet: &Sheet<'a>, texts: &mut Vec<&'a str>) -> Vec<u8> {
    let mut bytes = beginning(16);
    for (row, cells) in (0u16..).zip(sheet.rows) {
        for (column, cell) in (0u16..).zip(*cells) {
            let place = |format: u16| [row, column, format].into_iter().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
            let number = |format: u16, value: f64| [place(format), value.to_le_bytes().to_vec()].concat();
            let formula = |result: [u8; 8]| {
                // Flags, a chain, then an expression of three bytes: the number 1.
                [place(0), result.to_vec(), vec![0; 6], vec![3, 0, 0x1E, 1, 0]].concat()
            };
            let (kind, content) = match *cell {
                Is::Nothing => continue,
                Is::Number(value) => (0x0203, number(0, value)),
                Is::Date(value) => (0x0203, number(1, value)),
                Is::Moment(value) => (0x0203, number(2, value)),
                Is::Text(text) => {
                    texts.push(text);
                    (0x00FD, [place(0), (texts.len() as u32 - 1).to_le_bytes().to_vec()].concat())
                }
                Is::Boolean(value) => (0x0205, [place(0), vec![u8::from(value), 0]].concat()),
                Is::Error(code) => (0x0205, [place(0), vec![code, 1]].concat()),
                Is::Formula(value) => (0x0006, formula(value.to_le_bytes())),
                Is::Failed(code) => (0x0006, formula([2, 0, code, 0, 0, 0, 0xFF, 0xFF])),
            };
            record(kind, &content, &mut bytes);
        }
    }
    if !sheet.merged.is_empty() {
        let regions = sheet.merged.iter().flatten().copied();
        let regions: Vec<u16> = std::iter::once(sheet.merged.len() as u16).chain(regions).collect();
        record(0x00E5, &regions.into_iter().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(), &mut bytes);
    }
    record(0x000A, &[], &mut bytes);
    bytes
}

/// A compound file with one stream, `Workbook`: a header, a table of sectors, a directory, the stream.
fn compound(stream: &[u8]) -> Vec<u8> {
    const SECTOR: usize = 512;
    const END: u32 = 0xFFFF_FFFE;
    const FREE: u32 = 0xFFFF_FFFF;
    // What is shorter would stand in sectors of another kind.
    let length = stream.len().max(4_096);
    let sectors = length.div_ceil(SECTOR) as u32;
    assert!(sectors < 126, "one table is enough");
    let words = |words: &[u32]| words.iter().copied().flat_map(u32::to_le_bytes).collect::<Vec<u8>>();
    let mut bytes = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    bytes.extend([0; 16]);
    bytes.extend([0x3Eu16, 3, 0xFFFE, 9, 6, 0, 0, 0].into_iter().flat_map(u16::to_le_bytes));
    bytes.extend(words(&[0, 1, 1, 0, 4_096, END, 0, END, 0, 0]));
    bytes.extend(words(&[FREE; 108]));
    let mut table = vec![0xFFFF_FFFD, END];
    table.extend((0..sectors).map(|at| if at + 1 == sectors { END } else { at + 3 }));
    table.resize(SECTOR / 4, FREE);
    bytes.extend(words(&table));
    let entry = |name: &str, kind: u8, child: u32, start: u32, length: u32| {
        let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut entry = units.clone();
        entry.resize(64, 0);
        let named = if name.is_empty() { 0 } else { units.len() as u16 + 2 };
        entry.extend(named.to_le_bytes());
        entry.extend([kind, 1]);
        entry.extend(words(&[FREE, FREE, child]));
        entry.extend([0; 36]);
        entry.extend(words(&[start, length, 0]));
        entry
    };
    bytes.extend(entry("Root Entry", 5, 1, END, 0));
    bytes.extend(entry("Workbook", 2, FREE, 2, length as u32));
    bytes.extend(entry("", 0, FREE, 0, 0));
    bytes.extend(entry("", 0, FREE, 0, 0));
    bytes.extend(stream);
    bytes.resize(SECTOR * (3 + sectors as usize), 0);
    bytes
}
