//! Data files: what is read, and how it is told what is wrong with them.

use optc::base::{FileId, Span};
use optc::data::{Column, ColumnKind, FolderLoader, Key, Layout, LoadError, Loader, MemoryLoader, Store, Values};
use optc::diag::{Reports, Sources, render::render};
use std::sync::Arc;

/// A session with one file.
struct Session {
    store: Store,
    sources: Sources,
    reports: Reports,
}

impl Session {
    fn new(path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let loader = Arc::new(MemoryLoader::new().with(path, bytes));
        let mut sources = Sources::new();
        sources.add("model.opt", "table t from \"t.csv\"\n");
        Self { store: Store::new(loader), sources, reports: Reports::new() }
    }

    fn table(&mut self, path: &str) -> Option<Arc<optc::data::Table>> {
        let at = Some(Span::new(FileId(0), 13, 20));
        self.store.table(path, at, &mut self.sources, &mut self.reports)
    }

    fn values(&mut self, path: &str, n_keys: usize) -> Option<Values> {
        self.store.values(path, n_keys, None, &mut self.sources, &mut self.reports)
    }

    fn codes(&self) -> Vec<&'static str> {
        self.reports.messages().iter().map(|m| m.code).collect()
    }

    /// The text under the first label of each report.
    fn marked(&self) -> Vec<String> {
        let messages = self.reports.messages();
        messages.iter().map(|m| m.primary_span().map_or("", |s| self.sources.snippet(s)).to_string()).collect()
    }

    fn places(&self) -> Vec<String> {
        let messages = self.reports.messages();
        messages.iter().map(|m| m.primary_span().map_or(String::new(), |s| self.sources.place(s))).collect()
    }
}

fn table(text: &str) -> Arc<optc::data::Table> {
    let mut session = Session::new("t.csv", text);
    let table = session.table("t.csv");
    table.unwrap_or_else(|| panic!("{text:?} is a table: {:?}", session.reports))
}

fn fails(text: &str) -> Session {
    let mut session = Session::new("t.csv", text);
    assert!(session.table("t.csv").is_none(), "{text:?} must fail");
    session
}

fn numbers(table: &optc::data::Table, name: &str) -> Vec<f64> {
    let at = table.column_index(name).unwrap_or_else(|| panic!("column {name}"));
    table.column(at).as_numbers().expect("numbers").to_vec()
}

#[test]
fn columns_know_whether_they_hold_integers_numbers_or_labels() {
    let t = table("plant,id,cost\nseattle,1,2.5\nsan diego,2,-1e3\nseattle,3,\n");
    let kinds: Vec<_> = t.schema().iter().map(|c| c.kind).collect();
    assert_eq!(kinds, [ColumnKind::Text, ColumnKind::Integer, ColumnKind::Number]);
    assert_eq!(t.n_rows(), 3);
    let Column::Text { codes, dict } = t.column(0) else { panic!("labels") };
    assert_eq!(
        (codes.as_slice(), dict.iter().map(|d| &**d).collect::<Vec<_>>()),
        (&[0, 1, 0][..], vec!["seattle", "san diego"])
    );
    let cost = numbers(&t, "cost");
    assert_eq!(&cost[..2], &[2.5, -1000.0]);
    assert!(cost[2].is_nan());
}

#[test]
fn line_ends_marks_blanks_and_quotes_do_not_matter() {
    let plain = table("a,b\n1,x\n2,y z\n");
    for text in [
        "\u{feff}a,b\r\n1,x\r\n2,y z\r\n",
        "\n\na , b\n\n1, x\n   \n2,y z",
        "\"a\",\"b\"\n\"1\",\"x\"\n2,\"y z\"\n\n\n",
        "a;b\n1;x\n2;y z\n",
        "a\tb\n1\tx\n2\ty z\n",
        "a,b,\n1,x,\n2,y z,\n",
    ] {
        let t = table(text);
        assert_eq!(t.columns(), plain.columns(), "{text:?}");
        assert_eq!(t.schema(), plain.schema(), "{text:?}");
    }
}

#[test]
fn every_cell_can_be_found_again_in_the_file() {
    let text = "a,b,c\n1,\"x, \"\"y\"\"\",3\n\n4,\"two\nlines\", 6 \r\n7,z,9";
    let mut session = Session::new("t.csv", text);
    let t = session.table("t.csv").expect("a table");
    let snippet = |row, column| session.sources.snippet(t.cell_span(row, column).expect("a place")).to_string();
    assert_eq!(snippet(0, 1), "\"x, \"\"y\"\"\"");
    assert_eq!(t.cell_text(0, 1), "x, \"y\"");
    assert_eq!(snippet(1, 1), "\"two\nlines\"");
    assert_eq!(snippet(1, 2), " 6 ");
    assert_eq!(snippet(2, 0), "7");
    assert_eq!(session.sources.place(t.cell_span(2, 2).expect("a place")), "t.csv:6:5");
    assert_eq!(numbers(&t, "c"), [3.0, 6.0, 9.0]);
}

#[test]
fn a_word_late_in_a_column_of_numbers_is_found_where_it_stands() {
    let mut text = String::from("id,v\n");
    for row in 0..5000 {
        text.push_str(&format!("{row},{}\n", if row == 4000 { "12..5".into() } else { row.to_string() }));
    }
    let t = table(&text);
    assert_eq!(t.schema()[1].kind, ColumnKind::Text);
    assert_eq!(t.first_non_number(1), Some(4000));
    let fault = t.numbers(1, false, None).expect_err("a word is not a number");
    assert_eq!(fault.code(), "E0501");
    assert_eq!(fault.message().title, "`12..5` in column `v` is not a number");
    assert_eq!(t.cell_text(17, 1), "17", "the rows before are labels now");
    assert_eq!(t.column(1).text(4999), "4999");
}

#[test]
fn missing_and_infinite_values_are_faults_only_where_they_are_needed() {
    let t = table("a,b,c\n1,,inf\n2,NA,3\n");
    assert!(t.numbers(0, false, None).is_ok());
    assert_eq!(t.numbers(1, false, None).expect_err("missing").code(), "E0514");
    assert_eq!(t.numbers(2, false, None).expect_err("infinite").code(), "E0515");
    assert_eq!(t.numbers(2, true, None).expect("bounds may be infinite")[0], f64::INFINITY);
}

#[test]
fn a_ragged_row_is_shown_with_its_line_and_the_header() {
    let session = fails("a,b,c\n1,2,3\n4,5\n6,7,8,9\n");
    assert_eq!(session.codes(), ["E0505", "E0505"]);
    assert_eq!(session.marked(), ["4,5", "6,7,8,9"]);
    assert_eq!(session.places(), ["t.csv:3:1", "t.csv:4:1"]);
}

#[test]
fn a_million_ragged_rows_make_ten_reports() {
    let text = format!("a,b\n{}", "1\n".repeat(1_000_000));
    assert_eq!(fails(&text).reports.len(), 10);
}

#[test]
fn a_quote_that_is_never_closed_is_shown_where_it_opens() {
    for (text, place) in [
        ("a,b\n1,\"x\n2,y\n3,z\n", "t.csv:2:3"),
        ("a,b\n1,x\n2,\"y \"\"z\n", "t.csv:3:3"),
        ("a,\"b\n1,2\n", "t.csv:1:3"),
    ] {
        let session = fails(text);
        assert_eq!((session.codes(), session.places()), (vec!["E0518"], vec![place.to_string()]), "{text:?}");
    }
}

#[test]
fn headers_must_exist_and_name_each_column_once() {
    for (text, code) in [("", "E0503"), ("\n\n", "E0503"), ("1,2,3\n4,5,6\n", "E0503"), ("a,b,a\n1,2,3\n", "E0504")] {
        assert_eq!(fails(text).codes(), [code], "{text:?}");
    }
    let session = fails("dist,b,dist\n1,2,3\n");
    assert_eq!(session.places(), ["t.csv:1:8"]);
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let mut session = Session::new("demand.csv", "a\n1\n");
    assert!(session.table("demnad.csv").is_none());
    assert!(session.table("demnad.csv").is_none(), "the second use of a bad file is silent");
    assert_eq!(session.codes(), ["E0502"]);
    assert_eq!(session.reports.messages()[0].help.as_deref(), Some("did you mean `demand.csv`?"));
    for (path, bytes, code) in [
        ("t.xlsx", b"PK".to_vec(), "E0523"),
        ("t.csv", b"a,b\n1,2\n3,\xff\n".to_vec(), "E0519"),
        ("t.json", b"[{\"a\": 1},\n {\"a\": }]".to_vec(), "E0512"),
        ("t.json", b"[1, 2]".to_vec(), "E0513"),
        ("t.json", b"[]".to_vec(), "E0510"),
    ] {
        let mut session = Session::new(path, bytes);
        assert!(session.table(path).is_none());
        assert_eq!(session.codes(), [code], "{path}");
    }
}

#[test]
fn a_schema_needs_the_first_rows_only() {
    let mut session = Session::new("t.csv", format!("a,b\n{}", "1,x\n".repeat(10_000)));
    let schema = session.store.schema("t.csv", None, &mut session.sources, &mut session.reports).expect("a schema");
    assert_eq!(schema.iter().map(|c| c.kind).collect::<Vec<_>>(), [ColumnKind::Integer, ColumnKind::Text]);
    assert_eq!(session.table("t.csv").expect("a table").n_rows(), 10_000);
    assert_eq!(session.sources.len(), 2, "the file is read once");
}

#[test]
fn long_and_wide_tables_give_the_same_entries() {
    let needed_at = Span::new(FileId(0), 0, 1);
    let is_market = |name: &str| ["ny", "chicago"].contains(&name);
    let entries = |text: &str| {
        let t = table(text);
        let layout = Layout::decide(&t, 2, "dist", &is_market, needed_at).expect("a layout");
        let all: Vec<_> = layout.entries(&t).map(|e| (layout.key_text(&t, e), layout.value(&t, e))).collect();
        assert_eq!(all.len(), layout.len(&t));
        all
    };
    let long = entries("plant,market,dist\na,ny,1\na,chicago,2\nb,ny,3\nb,chicago,4\n");
    let wide = entries("plant,ny,chicago\na,1,2\nb,3,4\n");
    let named = entries("plant,market,comment,dist\na,ny,x,1\na,chicago,,2\nb,ny,,3\nb,chicago,,4\n");
    assert_eq!(long, wide);
    assert_eq!(long, named);
    assert_eq!(long[2], ("b, ny".to_string(), 3.0));
    let t = table("a,b,c,d\n1,2,3,4\n");
    let fault = Layout::decide(&t, 2, "dist", &is_market, needed_at).expect_err("no layout fits");
    assert_eq!(fault.code(), "E0516");
}

#[test]
fn a_wide_table_without_keys_takes_its_rows_in_order_and_its_columns_by_name() {
    let t = table("age,target,bmi\n1,9,2\n3,9,4\n");
    let is_feature = |name: &str| ["bmi", "age"].contains(&name);
    let layout = Layout::decide(&t, 2, "X", &is_feature, Span::new(FileId(0), 0, 1)).expect("a layout");
    assert_eq!(layout, Layout::Rows { columns: vec![0, 2] });
    assert!(layout.is_positional(0) && !layout.is_positional(1));
    let all: Vec<_> = layout.entries(&t).map(|e| (layout.key_text(&t, e), layout.value(&t, e))).collect();
    let wanted = [("1, age", 1.0), ("1, bmi", 2.0), ("2, age", 3.0), ("2, bmi", 4.0)];
    assert_eq!(all, wanted.map(|(key, value)| (key.to_string(), value)));
    assert_eq!(layout.len(&t), 4);
}

#[test]
fn integer_keys_are_integers_and_halves_are_not() {
    let t = table("hour,load\n1,5\n2.5,6\n");
    let layout = Layout::decide(&t, 1, "load", &|_| false, Span::new(FileId(0), 0, 1)).expect("long");
    let keys: Vec<_> = layout.entries(&t).map(|e| layout.key(&t, e, 0)).collect();
    assert_eq!(keys, [Key::Int(1), Key::Number(2.5)]);
}

#[test]
fn json_records_and_columns_are_tables() {
    for text in [
        r#"[{"id": 1, "name": "a", "x": 0.5}, {"id": 2, "x": null, "name": "b\u0021"}]"#,
        r#"{"id": [1, 2], "name": ["a", "b!"], "x": [5e-1, null]}"#,
    ] {
        let mut session = Session::new("t.json", text);
        let t = session.table("t.json").unwrap_or_else(|| panic!("{:?}", session.reports));
        assert_eq!(numbers(&t, "id"), [1.0, 2.0]);
        assert_eq!(t.column(1).text(1), "b!");
        assert!(numbers(&t, "x")[1].is_nan());
        let place = |row, column| session.sources.snippet(t.cell_span(row, column).expect("a place")).to_string();
        assert_eq!((place(1, 0), place(0, 1)), ("2".to_string(), "\"a\"".to_string()));
        assert_eq!(t.numbers(2, false, None).expect_err("null").code(), "E0514");
    }
}

#[test]
fn json_values_come_by_key_by_position_or_both() {
    let mut session = Session::new("v.json", r#"{"a": {"x": 1, "y": 2}, "b": {"x": 3, "y": 4}}"#);
    let Some(Values::Entries { table: t, positional }) = session.values("v.json", 2) else { panic!("entries") };
    assert_eq!(positional, [false, false]);
    let layout = Layout::Long { n_keys: 2, value: 2 };
    let all: Vec<_> = layout.entries(&t).map(|e| (layout.key_text(&t, e), layout.value(&t, e))).collect();
    assert_eq!(all[2], ("b, x".to_string(), 3.0));

    let mut session = Session::new("v.json", "[[1, 2, 3], [4, 5, 6]]");
    let Some(Values::Tensor(tensor)) = session.values("v.json", 2) else { panic!("a tensor") };
    assert_eq!((tensor.shape(), tensor.values()), (&[2, 3][..], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0][..]));
    assert_eq!(session.sources.snippet(tensor.value_span(4).expect("a place")), "5");
    assert_eq!(tensor.subscripts(4), "[2, 2]");

    let mut session = Session::new("v.json", r#"{"7": [1, 2], "8": [3, 4]}"#);
    let Some(Values::Entries { table: t, positional }) = session.values("v.json", 2) else { panic!("entries") };
    assert_eq!(positional, [false, true]);
    assert_eq!(numbers(&t, "key 1"), [7.0, 7.0, 8.0, 8.0]);
    assert_eq!(numbers(&t, "key 2"), [1.0, 2.0, 1.0, 2.0]);

    let mut session = Session::new("v.json", r#"[{"plant": "a", "v": 1}, {"plant": "b", "v": 2}]"#);
    let Some(Values::Entries { table: t, .. }) = session.values("v.json", 1) else { panic!("entries") };
    assert_eq!((t.n_rows(), t.n_columns()), (2, 2));
    let mut session = Session::new("v.json", "2.5");
    let Some(Values::Tensor(tensor)) = session.values("v.json", 0) else { panic!("a number") };
    assert_eq!(tensor.values(), [2.5]);
}

#[test]
fn json_of_the_wrong_form_is_shown_where_it_stands() {
    for (text, n_keys, mark) in [
        ("[[1, 2], [3]]", 2, "["),
        ("[1, 2]", 2, "1"),
        ("[[1, 2], 3]", 2, "3"),
        (r#"{"a": {"x": 1}, "b": [1]}"#, 2, "["),
        (r#"{"a": "one"}"#, 1, "\"one\""),
        (r#"[1, [2]]"#, 1, "["),
        (r#"[{"a": 1}, 2]"#, 1, "2"),
        (r#"{"a": [1, 2], "b": [1]}"#, 1, "["),
    ] {
        let mut session = Session::new("v.json", text);
        assert!(session.values("v.json", n_keys).is_none(), "{text}");
        assert_eq!((session.codes(), session.marked()), (vec!["E0513"], vec![mark.to_string()]), "{text}");
    }
}

#[test]
fn deep_json_neither_recurses_nor_hangs() {
    let depth = 2_000_000;
    for text in ["[".repeat(depth), format!("{}1{}", "[".repeat(depth), "]".repeat(depth))] {
        let mut session = Session::new("v.json", text);
        assert!(session.values("v.json", 3).is_none());
        assert_eq!(session.reports.len(), 1);
    }
}

/// An npy file as numpy writes it.
fn npy(header: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    let padded = format!("{header}\n");
    bytes.extend_from_slice(&u16::try_from(padded.len()).expect("short").to_le_bytes());
    bytes.extend_from_slice(padded.as_bytes());
    bytes.extend_from_slice(body);
    bytes
}

#[test]
fn npy_arrays_of_every_numeric_type_and_order_are_read() {
    let expected = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let column_major = [1.0, 4.0, 2.0, 5.0, 3.0, 6.0];
    let as_bytes =
        |values: &[f64], one: &dyn Fn(f64) -> Vec<u8>| values.iter().flat_map(|v| one(*v)).collect::<Vec<u8>>();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("<f8", as_bytes(&expected, &|v| v.to_le_bytes().to_vec())),
        (">f8", as_bytes(&expected, &|v| v.to_be_bytes().to_vec())),
        ("<f4", as_bytes(&expected, &|v| (v as f32).to_le_bytes().to_vec())),
        ("<i8", as_bytes(&expected, &|v| (v as i64).to_le_bytes().to_vec())),
        (">i4", as_bytes(&expected, &|v| (v as i32).to_be_bytes().to_vec())),
        ("|u1", as_bytes(&expected, &|v| vec![v as u8])),
    ];
    for (descr, body) in cases {
        let bytes = npy(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (2, 3), }}"), &body);
        let mut session = Session::new("w.npy", bytes);
        let Some(Values::Tensor(t)) = session.values("w.npy", 2) else { panic!("{descr}: {:?}", session.reports) };
        assert_eq!((t.shape(), t.values()), (&[2, 3][..], &expected[..]), "{descr}");
    }
    let body = as_bytes(&column_major, &|v| v.to_le_bytes().to_vec());
    let mut session = Session::new("w.npy", npy("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3)}", &body));
    let Some(Values::Tensor(t)) = session.values("w.npy", 2) else { panic!("a tensor") };
    assert_eq!(t.values(), expected);
    assert_eq!(t.numbers(&[3, 2], false, Span::new(FileId(0), 0, 1)).expect_err("another shape").code(), "E0517");
    let mut session = Session::new("b.npy", npy("{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", &[0, 1]));
    let Some(Values::Tensor(t)) = session.values("b.npy", 1) else { panic!("a tensor") };
    assert_eq!(t.values(), [0.0, 1.0]);
}

#[test]
fn hostile_npy_files_are_refused_without_taking_memory() {
    let shape = |shape: &str| npy(&format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}"), &[0; 8]);
    let mut long_header = b"\x93NUMPY\x02\x00".to_vec();
    long_header.extend_from_slice(&u32::MAX.to_le_bytes());
    let cases = [
        shape("(1099511627776,)"),
        shape("(4294967296, 4294967296)"),
        shape("(99999999999999999999999999,)"),
        shape("(-1,)"),
        shape("(2,)"),
        shape("()[0]"),
        long_header,
        npy(&format!("{}1{}", "(".repeat(60_000), ")".repeat(5_000)), &[]),
        npy(&format!("{}{}", "(".repeat(2000), ")".repeat(2000)), &[]),
        npy("{'descr': '<O8', 'fortran_order': False, 'shape': (1,)}", &[0; 8]),
        npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}", &[0; 8]),
        npy("{'descr': '', 'fortran_order': False, 'shape': (1,)}", &[0; 8]),
        npy("{'descr': 'éf8', 'fortran_order': False, 'shape': (1,)}", &[0; 8]),
        b"\x93NUMPY".to_vec(),
        b"\x93NUMPY\x09\x00\x01\x00\n".to_vec(),
        Vec::new(),
    ];
    for (at, bytes) in cases.into_iter().enumerate() {
        let mut session = Session::new("w.npy", bytes);
        assert!(session.values("w.npy", 1).is_none(), "case {at}");
        assert_eq!(session.codes(), ["E0511"], "case {at}");
    }
}

#[test]
fn a_folder_loader_stays_in_its_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("model");
    std::fs::create_dir_all(root.join("sub")).expect("folders");
    std::fs::write(root.join("sub/in.csv"), "a\n1\n").expect("a file");
    std::fs::write(folder.path().join("secret.csv"), "a\n1\n").expect("a file");
    let loader = FolderLoader::new(&root);
    assert_eq!(loader.read("sub/in.csv").expect("inside"), b"a\n1\n");
    assert_eq!(loader.read("sub/../sub/in.csv").expect("inside"), b"a\n1\n");
    let outside = |path: &str| Err(LoadError::Outside(path.to_string()));
    assert_eq!(loader.read("../secret.csv"), outside("../secret.csv"));
    assert_eq!(loader.read("../absent.csv"), outside("../absent.csv"), "it does not tell what exists outside");
    assert_eq!(loader.read("/etc/passwd"), outside("/etc/passwd"));
    assert_eq!(loader.read("no.csv"), Err(LoadError::NotFound));
    assert_eq!(loader.read("sub"), Err(LoadError::NotAFile));
    assert_eq!(loader.clone().limit(3).read("sub/in.csv"), Err(LoadError::TooLarge { bytes: 4, limit: 3 }));
    assert!(loader.clone().allow(folder.path().join("secret.csv")).read("../secret.csv").is_ok());
    assert!(loader.clone().allow_all().read("../secret.csv").is_ok());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join("secret.csv"), root.join("link.csv")).expect("a link");
        assert_eq!(loader.read("link.csv"), outside("link.csv"));
        std::os::unix::fs::symlink("sub/in.csv", root.join("near.csv")).expect("a link");
        assert!(loader.read("near.csv").is_ok());
    }
    assert_eq!(loader.siblings("sub/x.csv"), ["sub/in.csv"]);
    assert!(loader.siblings("../x.csv").is_empty());
}

#[test]
fn reading_a_million_rows_takes_linear_time() {
    let text = |rows: usize| {
        let mut text = String::from("id,plant,x,y\n");
        for row in 0..rows {
            text.push_str(&format!("{row},plant{},{}.25,{}\n", row % 997, row % 1000, row as f64 / 7.0));
        }
        text
    };
    let time = |rows: usize| {
        let mut session = Session::new("t.csv", text(rows));
        let start = std::time::Instant::now();
        let t = session.table("t.csv").expect("a table");
        assert_eq!(t.n_rows(), rows);
        start.elapsed().as_secs_f64()
    };
    time(1000);
    let (small, large) = (time(50_000), time(1_000_000));
    // A second for whatever else the machine does.
    assert!(large < 20.0 * small * 4.0 + 1.0, "20 times the rows took {small} s and {large} s");
}

#[test]
fn decimal_commas_are_recognised_where_a_number_is_needed() {
    for (text, found, number) in [
        ("t;y\n0;10,2\n1;7,6\n", "10,2", Some("10.2")),
        ("t;y\n0;1\n1;-1.234,5\n", "-1.234,5", Some("-1234.5")),
        ("t;y\n0;1\n1;1,2,3\n", "1,2,3", None),
        ("t;y\n0;1\n1;one, two\n", "one, two", None),
    ] {
        let mut session = Session::new("t.csv", text);
        let fault = session.table("t.csv").expect("a table").numbers(1, false, None).expect_err("a word");
        let text = render(&fault.message(), &session.sources, false);
        assert!(text.contains(&format!("`{found}` in column `y` is not a number")), "{text}");
        let help = number.map(|n| format!("the decimal sign is a point: `{n}`"));
        assert_eq!(text.contains("decimal sign"), help.is_some(), "{text}");
        assert!(help.is_none_or(|help| text.contains(&help)), "{text}");
    }
    let mut bars = Session::new("t.csv", "t|y\n0|10\n1|7.5\n");
    assert_eq!(bars.table("t.csv").expect("a table").n_columns(), 2);
}

#[test]
fn the_report_shows_the_cell_and_the_line_of_the_model() {
    let mut session = Session::new("t.csv", "plant,supply\nseattle,350\nsan_diego,6oo\n");
    let t = session.table("t.csv").expect("a table");
    let fault = t.numbers(1, false, Some(Span::new(FileId(0), 13, 20))).expect_err("a word");
    let text = render(&fault.message(), &session.sources, false);
    for part in
        ["`6oo` in column `supply` is not a number", "t.csv:3:11", "san_diego,6oo", "model.opt", "needed by this line"]
    {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

/// A decimal comma makes rows of different lengths; what uses the table cannot be checked then, and says nothing of its own.
#[test]
fn a_table_that_cannot_be_read_is_one_error_whoever_uses_it() {
    let loader = optc::data::MemoryLoader::new().with("d.csv", "t,y\n0,1\n1,2,7\n2,4\n");
    let mut session = optc::driver::Session::new(std::sync::Arc::new(loader), optc::driver::Setup::default());
    let checked = session.check_text(
        "m.opt",
        "table obs from \"d.csv\"\nvar A start 1\nminimize rss: sum(d in obs: (A - d.y)^2)\nsolve\n",
    );
    let codes: Vec<&str> = checked.reports.messages().iter().map(|m| m.code).collect();
    assert_eq!(codes, ["E0505"]);
}

#[test]
fn cells_are_separated_by_what_the_header_has_most_of() {
    for (header, row, n_columns) in [
        ("Zeit [s];U out (mV);± err;comment, free", "1;2;3;4", 4),
        ("t;y;c,d", "1;2;3", 3),
        ("a,b;c,d", "1,2,3", 3),
        ("a,b\tc\td", "1\t2\t3", 3),
        ("\"one; two; three\",b,c", "1,2,3", 3),
        ("alone", "1", 1),
    ] {
        let mut session = Session::new("d.csv", format!("{header}\n{row}\n"));
        let table = session.table("d.csv").unwrap_or_else(|| panic!("{header}: {:?}", session.codes()));
        assert_eq!(table.columns().len(), n_columns, "{header}");
    }
}
