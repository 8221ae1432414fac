//! Tables as Parquet: every column of one type, whatever the rows hold, so that files of different days fit together.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use serde_json::Value;

use super::table::{Kind, Row, columns, names};
use crate::report::Table;

/// Rows of one group: what a reader takes at once.
const GROUP: usize = 65_536;

/// A whole file. Times are milliseconds in UTC; what is not known is null.
///
/// # Errors
/// It cannot be written; of a table in memory never.
pub fn parquet(table: Table, rows: &[Row]) -> Result<Vec<u8>, ParquetError> {
    let fields = columns(table).map(|(name, _, kind)| field(name, *kind).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
    let schema = Type::group_type_builder(table.as_str()).with_fields(fields).build()?;
    let mut out = Vec::new();
    let mut file = SerializedFileWriter::new(&mut out, Arc::new(schema), Arc::new(WriterProperties::builder().build()))?;
    for rows in rows.chunks(GROUP) {
        let cells: Vec<Vec<&Value>> = rows.iter().map(|row| row.cells().map(|(_, value)| value).collect()).collect();
        let mut group = file.next_row_group()?;
        for (i, (.., kind)) in columns(table).enumerate() {
            let column: Vec<&Value> = cells.iter().map(|row| row.get(i).copied().unwrap_or(&Value::Null)).collect();
            match kind {
                Kind::Text | Kind::Names => put::<ByteArrayType, _>(&mut group, &column, bytes),
                Kind::Whole => put::<Int64Type, _>(&mut group, &column, Value::as_i64),
                Kind::Time => put::<Int64Type, _>(&mut group, &column, millis),
                Kind::Number => put::<DoubleType, _>(&mut group, &column, Value::as_f64),
                Kind::Flag => put::<BoolType, _>(&mut group, &column, Value::as_bool),
            }?;
        }
        group.close()?;
    }
    file.close()?;
    Ok(out)
}

fn field(name: &str, kind: Kind) -> Result<Type, ParquetError> {
    let (physical, logical) = match kind {
        Kind::Text | Kind::Names => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Whole => (Physical::INT64, None),
        Kind::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
        Kind::Number => (Physical::DOUBLE, None),
        Kind::Flag => (Physical::BOOLEAN, None),
    };
    Type::primitive_type_builder(name, physical).with_logical_type(logical).with_repetition(Repetition::OPTIONAL).build()
}

/// The next column: what is known, and of each row whether it is.
fn put<T: DataType, W: std::io::Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    column: &[&Value],
    read: fn(&Value) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let cells: Vec<Option<T::T>> = column.iter().map(|value| read(value)).collect();
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let known: Vec<T::T> = cells.into_iter().flatten().collect();
    let Some(mut writer) = group.next_column()? else { return Ok(()) };
    writer.typed::<T>().write_batch(&known, Some(&levels), None)?;
    writer.close()
}

fn bytes(value: &Value) -> Option<ByteArray> {
    match value {
        Value::String(text) => Some(ByteArray::from(text.as_bytes().to_vec())),
        Value::Array(all) => Some(ByteArray::from(names(all).into_bytes())),
        _ => None,
    }
}

fn millis(value: &Value) -> Option<i64> {
    value.as_str()?.parse::<jiff::Timestamp>().ok().map(|at| at.as_millisecond())
}
