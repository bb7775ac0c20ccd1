//! The tables of a file.

use std::ops::ControlFlow;

use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable, Table, TableDefinition, WriteTransaction};

use crate::error::Error;
use crate::rows::{Row, Rows, RowsMut, See, SeeMany};

const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");
const EXPIRING: TableDefinition<'_, (u64, &[u8]), ()> = TableDefinition::new("expiring");
const SPACES: TableDefinition<'_, &str, u64> = TableDefinition::new("spaces");
pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("realtime-gateway-store");

/// The format of the tables.
pub(super) const FORMAT: u64 = 1;

/// The key in [`META`] for the format.
pub(super) const FORMAT_KEY: &str = "format";

/// The key in [`META`] for the last version of a row.
const VERSION_KEY: &str = "version";

/// Makes the tables, unless they are there.
pub(super) fn prepare(database: &Database) -> Result<(), redb::StorageError> {
    let made = || -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        {
            transaction.open_table(ROWS)?;
            transaction.open_table(EXPIRING)?;
            transaction.open_table(SPACES)?;
            let mut meta = transaction.open_table(META)?;
            if meta.get(FORMAT_KEY)?.is_none() {
                meta.insert(FORMAT_KEY, FORMAT)?;
            }
        }
        Ok(transaction.commit()?)
    };
    made().map_err(|error| match error {
        redb::Error::Io(error) => redb::StorageError::Io(error),
        other => redb::StorageError::Corrupted(other.to_string()),
    })
}

pub(super) fn failed(error: impl Into<redb::Error>) -> Error {
    Error::Unavailable(error.into().to_string())
}

/// The rows as the last transaction left them.
pub(super) struct Snapshot(ReadOnlyTable<&'static [u8], &'static [u8]>);

impl Snapshot {
    pub(super) fn of(database: &Database) -> Result<Self, Error> {
        let transaction = database.begin_read().map_err(failed)?;
        Ok(Self(transaction.open_table(ROWS).map_err(failed)?))
    }
}

impl Rows for Snapshot {
    fn see(&self, key: &[u8], see: &mut See<'_>) -> Result<(), Error> {
        self.0.one(key, see)
    }

    fn see_from(&self, key: &[u8], see: &mut SeeMany<'_>) -> Result<(), Error> {
        self.0.many(key, see)
    }
}

/// The tables within a transaction that writes.
pub(super) struct Tables<'t> {
    rows: Table<'t, &'static [u8], &'static [u8]>,
    expiring: Table<'t, (u64, &'static [u8]), ()>,
    spaces: Table<'t, &'static str, u64>,
    meta: Table<'t, &'static str, u64>,
    version: u64,
}

impl<'t> Tables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, Error> {
        let meta = transaction.open_table(META).map_err(failed)?;
        let version = meta.get(VERSION_KEY).map_err(failed)?.map_or(0, |version| version.value());
        Ok(Self {
            rows: transaction.open_table(ROWS).map_err(failed)?,
            expiring: transaction.open_table(EXPIRING).map_err(failed)?,
            spaces: transaction.open_table(SPACES).map_err(failed)?,
            meta,
            version,
        })
    }

    /// Writes what was kept aside until the end of the transaction.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        self.meta.insert(VERSION_KEY, self.version).map_err(failed)?;
        Ok(())
    }
}

impl Rows for Tables<'_> {
    fn see(&self, key: &[u8], see: &mut See<'_>) -> Result<(), Error> {
        self.rows.one(key, see)
    }

    fn see_from(&self, key: &[u8], see: &mut SeeMany<'_>) -> Result<(), Error> {
        self.rows.many(key, see)
    }
}

impl RowsMut for Tables<'_> {
    fn put(&mut self, key: &[u8], row: Row<'_>) -> Result<(), Error> {
        self.rows.insert(key, row.encode().as_slice()).map_err(failed)?;
        Ok(())
    }

    fn remove(&mut self, key: &[u8]) -> Result<(), Error> {
        self.rows.remove(key).map_err(failed)?;
        Ok(())
    }

    fn add_expiring(&mut self, expires: u64, key: &[u8]) -> Result<(), Error> {
        self.expiring.insert((expires, key), ()).map_err(failed)?;
        Ok(())
    }

    fn remove_expiring(&mut self, expires: u64, key: &[u8]) -> Result<(), Error> {
        self.expiring.remove((expires, key)).map_err(failed)?;
        Ok(())
    }

    fn expired(&self, now: u64, most: usize) -> Result<Vec<Vec<u8>>, Error> {
        expired(&self.expiring, now, most)
    }

    fn used(&self, space: &str) -> Result<u64, Error> {
        Ok(self.spaces.get(space).map_err(failed)?.map_or(0, |used| used.value()))
    }

    fn set_used(&mut self, space: &str, bytes: u64) -> Result<(), Error> {
        self.spaces.insert(space, bytes).map_err(failed)?;
        Ok(())
    }

    fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }
}

/// Whether there is an entry whose time is up.
pub(super) fn any_expired(database: &Database, now: u64) -> Result<bool, Error> {
    let transaction = database.begin_read().map_err(failed)?;
    let expiring = transaction.open_table(EXPIRING).map_err(failed)?;
    Ok(!expired(&expiring, now, 1)?.is_empty())
}

/// What both kinds of tables have.
trait ReadableRows {
    fn one(&self, key: &[u8], see: &mut See<'_>) -> Result<(), Error>;
    fn many(&self, key: &[u8], see: &mut SeeMany<'_>) -> Result<(), Error>;
}

impl<T: ReadableTable<&'static [u8], &'static [u8]>> ReadableRows for T {
    fn one(&self, key: &[u8], see: &mut See<'_>) -> Result<(), Error> {
        if let Some(bytes) = self.get(key).map_err(failed)? {
            see(Row::decode(bytes.value())?);
        }
        Ok(())
    }

    fn many(&self, key: &[u8], see: &mut SeeMany<'_>) -> Result<(), Error> {
        for row in self.range(key..).map_err(failed)? {
            let (key, bytes) = row.map_err(failed)?;
            if let ControlFlow::Break(()) = see(key.value(), Row::decode(bytes.value())?) {
                break;
            }
        }
        Ok(())
    }
}

fn expired(table: &impl ReadableTable<(u64, &'static [u8]), ()>, now: u64, most: usize) -> Result<Vec<Vec<u8>>, Error> {
    let until: (u64, &[u8]) = (now.saturating_add(1), &[]);
    let range = table.range(..until).map_err(failed)?.take(most);
    range.map(|row| row.map(|(key, _)| key.value().1.to_vec()).map_err(failed)).collect()
}
