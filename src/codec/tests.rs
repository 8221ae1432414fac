use super::*;

#[derive(Debug, PartialEq)]
struct Some3 {
    a: u32,
    b: Option<f64>,
    c: Vec<(i64, bool)>,
}
coded!(Some3 { a, b, c } if |s| s.a < 100);

fn sealed(version: u16) -> Vec<u8> {
    let state = Some3 { a: 7, b: Some(-0.1), c: vec![(i64::MIN, true), (3, false)] };
    let mut bytes = b"before".to_vec();
    seal(*b"test", version, &mut bytes, |out| state.encode(out));
    bytes.split_off(6)
}

fn read(bytes: &[u8]) -> Result<Some3, Error> {
    let (mut reader, version) = open(*b"test", 2, bytes)?;
    assert!((1..=2).contains(&version));
    let read = Some3::decode(&mut reader)?;
    reader.end()?;
    Ok(read)
}

/// The layout stands in documents and files: it does not change unseen.
#[test]
fn the_layout_is_what_is_said() {
    let bytes = sealed(1);
    let fields = [
        &[7u8, 0, 0, 0, 1][..],
        &(-0.1f64).to_bits().to_le_bytes(),
        &[2, 0, 0, 0],
        &i64::MIN.to_le_bytes(),
        &[1],
        &3i64.to_le_bytes(),
        &[0],
    ];
    let fields = fields.concat();
    let mut want = [&b"test"[..], &[1, 0], &(fields.len() as u32).to_le_bytes(), &fields].concat();
    want.extend_from_slice(&xxh3_64(&want).to_le_bytes());
    assert_eq!(bytes, want);
}

#[test]
fn what_is_not_whole_or_not_ours_is_refused() {
    let good = sealed(1);
    assert_eq!(read(&good).map(|s| s.c), Ok(vec![(i64::MIN, true), (3, false)]));
    for cut in 0..good.len() {
        let error = read(&good[..cut]).expect_err("cut");
        assert_eq!(error, if cut < 4 { Error::Foreign } else { Error::Length }, "{cut}");
    }
    assert_eq!(read(&[&good[..], b"x"].concat()), Err(Error::Length));
    assert_eq!(read(&sealed(3)), Err(Error::Newer { found: 3, known: 2 }));
    assert_eq!(read(&sealed(0)), Err(Error::Foreign));
    for place in 0..good.len() {
        for bit in 0..8 {
            let mut other = good.clone();
            other[place] ^= 1 << bit;
            assert!(read(&other).is_err(), "{place} {bit}");
        }
    }
    for error in [Error::Foreign, Error::Newer { found: 3, known: 2 }, Error::Length, Error::Damaged, Error::Field("x")] {
        assert_ne!(error.text().es, error.text().en);
    }
}

/// A good checksum does not make a field good.
#[test]
fn what_a_field_may_not_be_is_refused() {
    let of = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = Vec::new();
        seal(*b"test", 1, &mut bytes, write);
        read(&bytes).map(|_| ())
    };
    let none: Option<f64> = None;
    let empty: Vec<(i64, bool)> = Vec::new();
    let good = |out: &mut Vec<u8>| (99u32, (none, empty.clone())).encode(out);
    assert_eq!(of(&good), Ok(()));
    assert_eq!(of(&|out| (100u32, (none, empty.clone())).encode(out)), Err(Error::Field("Some3")));
    assert_eq!(of(&|out| (1u32, (Some(f64::NAN), empty.clone())).encode(out)), Err(Error::Field("number")));
    assert_eq!(of(&|out| (1u32, (2u8, empty.clone())).encode(out)), Err(Error::Field("flag")));
    // So many are not there.
    assert_eq!(of(&|out| (1u32, (none, u32::MAX)).encode(out)), Err(Error::Length));
    assert_eq!(of(&|out| (good(out), 1u8.encode(out)).1), Err(Error::Length));
    let mut unsorted = Vec::new();
    vec![(2u32, 1u32), (1, 1)].encode(&mut unsorted);
    assert_eq!(BTreeMap::<u32, u32>::decode(&mut Reader::new(&unsorted)), Err(Error::Field("order")));
}
