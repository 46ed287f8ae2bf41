//! Event files read back by a reader of its own: bit by bit, without the writer's table and without prost.

use std::path::Path;

use super::*;

/// One bit after the other, as the standard defines it.
fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum % 2 == 1 { (sum / 2) ^ 0x82f6_3b78 } else { sum / 2 };
        }
    }
    let sum = u64::from(!sum);
    (((sum >> 15) | (sum << 17)) + 0xa282_ead8) as u32
}

/// The messages of a file whose checksums are right.
fn messages(mut file: &[u8]) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    while !file.is_empty() {
        let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
        assert_eq!(u32::from_le_bytes(file[8..12].try_into().unwrap()), checksum(&file[..8]));
        let message = &file[12..12 + length];
        assert_eq!(u32::from_le_bytes(file[12 + length..16 + length].try_into().unwrap()), checksum(message));
        messages.push(message.to_vec());
        file = &file[16 + length..];
    }
    messages
}

/// A field of a message: its number, and its value as bytes (of length 8, 4 or any) or as a number.
#[derive(Debug, PartialEq)]
enum Field {
    Number(u32, u64),
    Bytes(u32, Vec<u8>),
}

fn fields(mut message: &[u8]) -> Vec<Field> {
    fn number(message: &mut &[u8]) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = message[0];
            *message = &message[1..];
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return value;
            }
        }
    }
    let mut fields = Vec::new();
    while !message.is_empty() {
        let key = number(&mut message);
        let length = match key & 7 {
            0 => {
                fields.push(Field::Number((key >> 3) as u32, number(&mut message)));
                continue;
            }
            1 => 8,
            2 => number(&mut message) as usize,
            5 => 4,
            other => panic!("wire type {other}"),
        };
        fields.push(Field::Bytes((key >> 3) as u32, message[..length].to_vec()));
        message = &message[length..];
    }
    fields
}

/// The bytes of the only field with this number.
fn bytes(fields: &[Field], wanted: u32) -> &[u8] {
    let found: Vec<&Vec<u8>> = fields
        .iter()
        .filter_map(|field| match field {
            Field::Bytes(number, bytes) if *number == wanted => Some(bytes),
            _ => None,
        })
        .collect();
    assert_eq!(found.len(), 1, "field {wanted} in {fields:?}");
    found[0]
}

#[test]
fn what_is_written_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = EventWriter::create(folder.path(), 299).unwrap();
    let scalars = vec![("loss".to_string(), 0.25), ("ink/edges".to_string(), 0.0)];
    writer.scalars(301, "train/", &scalars).unwrap();
    writer.picture(302, "samples", (640, 200), b"\xff\xd8 a picture").unwrap();
    writer.flush().unwrap();

    let path = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    assert!(path.file_name().unwrap().to_string_lossy().starts_with("events.out.tfevents."));
    let events: Vec<Vec<Field>> =
        messages(&std::fs::read(&path).unwrap()).iter().map(|message| fields(message)).collect();
    assert_eq!(events.len(), 4);
    for event in &events {
        // 2020 to 2100.
        let time = f64::from_le_bytes(bytes(event, 1).try_into().unwrap());
        assert!((1.577e9..4.1e9).contains(&time), "{time}");
    }
    assert_eq!(bytes(&events[0], 3), b"brain.Event:2");
    assert!(events[1].contains(&Field::Number(2, 300)));
    assert_eq!(fields(bytes(&events[1], 7)), [Field::Number(1, 1)]);

    assert!(events[2].contains(&Field::Number(2, 301)));
    let values: Vec<Vec<Field>> = fields(bytes(&events[2], 5))
        .into_iter()
        .map(|value| match value {
            Field::Bytes(1, value) => fields(&value),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(values.len(), 2);
    for (value, (name, number)) in values.iter().zip([("train/loss", 0.25f32), ("train/ink/edges", 0.0)]) {
        assert_eq!(bytes(value, 1), name.as_bytes());
        assert_eq!(bytes(value, 2), number.to_le_bytes());
    }

    assert!(events[3].contains(&Field::Number(2, 302)));
    let summary = fields(bytes(&events[3], 5));
    let value = fields(bytes(&summary, 1));
    assert_eq!(bytes(&value, 1), b"samples");
    let image = fields(bytes(&value, 4));
    assert_eq!(image[..3], [Field::Number(1, 200), Field::Number(2, 640), Field::Number(3, 3)]);
    assert_eq!(bytes(&image, 4), b"\xff\xd8 a picture");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let error = format!("{:#}", EventWriter::create(Path::new("nowhere"), 0).err().unwrap());
    assert!(error.contains("nowhere"), "{error}");
}
