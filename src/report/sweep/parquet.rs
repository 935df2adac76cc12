//! A table as Parquet: plain types, snappy, units in the file's metadata.

use super::rows::{Cell, Rows};
use crate::error::{Error, Result};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};
use std::sync::Arc;

/// The bytes of a Parquet file; the same table gives the same bytes.
///
/// # Errors
/// What the writer refuses.
pub(super) fn bytes(table: &Rows) -> Result<Vec<u8>> {
    encode(table).map_err(|error| Error::runtime(format!("cannot write Parquet: {error}")))
}

type Encoded<T> = std::result::Result<T, parquet::errors::ParquetError>;

fn encode(table: &Rows) -> Encoded<Vec<u8>> {
    let units: serde_json::Map<String, serde_json::Value> =
        table.columns.iter().map(|one| (one.name.clone(), one.unit.clone().into())).collect();
    let units = serde_json::Value::Object(units).to_string();
    let notes = vec![
        KeyValue::new("kafsim.units".to_owned(), units),
        KeyValue::new("kafsim.schema".to_owned(), "kafsim/sweep-rows/1".to_owned()),
    ];
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(format!("kafsim {}", env!("CARGO_PKG_VERSION")))
        .set_key_value_metadata(Some(notes))
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema(table)?, Arc::new(properties))?;
    if !table.rows.is_empty() {
        let mut group = writer.next_row_group()?;
        for index in 0..table.columns.len() {
            column(&mut group, table, index)?;
        }
        group.close()?;
    }
    writer.into_inner()
}

fn schema(table: &Rows) -> Encoded<TypePtr> {
    let field = |index: usize| {
        let name = &table.columns[index].name;
        let cell = table.rows.first().map(|row| &row[index]);
        let (kind, logical) = match cell {
            Some(Cell::Text(_)) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Some(Cell::Whole(_)) => (Physical::INT64, None),
            Some(Cell::Flag(_)) => (Physical::BOOLEAN, None),
            Some(Cell::Real(_)) | None => (Physical::DOUBLE, None),
        };
        let optional = Type::primitive_type_builder(name, kind)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()?;
        Ok(Arc::new(optional))
    };
    let fields = (0..table.columns.len()).map(field).collect::<Encoded<Vec<_>>>()?;
    Ok(Arc::new(Type::group_type_builder("rows").with_fields(fields).build()?))
}

fn column(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    table: &Rows,
    index: usize,
) -> Encoded<()> {
    let cells: Vec<&Cell> = table.rows.iter().map(|row| &row[index]).collect();
    match cells.first() {
        Some(Cell::Text(_)) => put::<ByteArrayType>(group, &cells, |cell| match cell {
            Cell::Text(text) => Some(ByteArray::from(text.as_str())),
            _ => None,
        }),
        Some(Cell::Whole(_)) => put::<Int64Type>(group, &cells, |cell| match cell {
            Cell::Whole(number) => Some(*number),
            _ => None,
        }),
        Some(Cell::Flag(_)) => put::<BoolType>(group, &cells, |cell| match cell {
            Cell::Flag(flag) => *flag,
            _ => None,
        }),
        Some(Cell::Real(_)) | None => put::<DoubleType>(group, &cells, |cell| match cell {
            Cell::Real(number) => *number,
            _ => None,
        }),
    }
}

/// Writes the values that are known; a definition level of 0 marks the others.
fn put<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    cells: &[&Cell],
    value: fn(&Cell) -> Option<T::T>,
) -> Encoded<()> {
    let values: Vec<Option<T::T>> = cells.iter().map(|cell| value(cell)).collect();
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let known: Vec<T::T> = values.into_iter().flatten().collect();
    if let Some(mut writer) = group.next_column()? {
        writer.typed::<T>().write_batch(&known, Some(&levels), None)?;
        writer.close()?;
    }
    Ok(())
}
