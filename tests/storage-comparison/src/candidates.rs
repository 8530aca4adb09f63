//! The libraries that might have been used instead of the firmware's store.

use embassy_futures::block_on;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embedded_storage::nor_flash::{NorFlash as _, ReadNorFlash as _};
use embedded_storage_async::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use sequential_storage::{
    cache::{Cache, Uncached},
    map::{MapConfig, MapStorage},
};
use tests::{
    nor_flash::{FlashError, SimulatedFlash},
    torture::{Candidate, Contents, Failure, Gallery},
};

/// The map of `sequential-storage`, without caches. It has no way to remove a record from a flash whose words are written
/// once, nor all records at once: a value that begins with 0 stands for none.
pub struct Sequential;

/// The flash, as the libraries want it: every operation is done when it is polled first.
struct Async<Flash>(Flash);

impl<const WORD: usize, const UNIT: usize> ErrorType for Async<&mut SimulatedFlash<WORD, UNIT>> {
    type Error = FlashError;
}

impl<const WORD: usize, const UNIT: usize> ReadNorFlash for Async<&mut SimulatedFlash<WORD, UNIT>> {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        self.0.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<const WORD: usize, const UNIT: usize> NorFlash for Async<&mut SimulatedFlash<WORD, UNIT>> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = UNIT;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        self.0.erase(from, to)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.0.write(offset, bytes)
    }
}

type SequentialMap<Flash> = MapStorage<[u8; 32], Flash, Cache<Uncached, Uncached, Uncached, [u8; 32]>>;

struct SequentialGallery<Flash: NorFlash> {
    map: SequentialMap<Flash>,
    buffer: Vec<u8>,
}

/// The longest key, its length, and what tells a value from none.
const SEQUENTIAL_BUFFER: usize = 32 + 1 + 7;

impl<const WORD: usize, const UNIT: usize> Candidate<WORD, UNIT> for Sequential {
    fn mount<'f>(
        flash: &'f mut SimulatedFlash<WORD, UNIT>,
        value_len: usize,
    ) -> Result<Box<dyn Gallery + 'f>, Failure> {
        let config = MapConfig::try_new(0..flash.capacity() as u32)
            .map_err(|error| Failure::Broken(format!("{error:?}")))?;
        let map = MapStorage::new(Async(flash), config, Cache::new_uncached());
        Ok(Box::new(SequentialGallery { map, buffer: vec![0; SEQUENTIAL_BUFFER + value_len] }))
    }

    fn ram(value_len: usize) -> usize {
        size_of::<SequentialMap<Async<&mut SimulatedFlash<4, 4096>>>>() - size_of::<usize>()
            + SEQUENTIAL_BUFFER
            + value_len
    }
}

fn sequential_failure(error: sequential_storage::Error<FlashError>) -> Failure {
    use sequential_storage::Error;
    match error {
        Error::Storage { value: FlashError::Off | FlashError::Asked, .. } => Failure::Flash,
        Error::FullStorage => Failure::Full,
        error => Failure::Broken(format!("{error:?}")),
    }
}

fn sequential_key(key: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = key.len() as u8;
    bytes[1..=key.len()].copy_from_slice(key);
    bytes
}

impl<Flash: NorFlash<Error = FlashError>> Gallery for SequentialGallery<Flash> {
    fn contents(&mut self) -> Result<Contents, Failure> {
        let mut contents = Contents::new();
        block_on(async {
            let mut items = self.map.fetch_all_items(&mut self.buffer).await.map_err(sequential_failure)?;
            while let Some((key, value)) =
                items.next::<&[u8]>(&mut self.buffer).await.map_err(sequential_failure)?
            {
                let key = key[1..=usize::from(key[0]).min(31)].to_vec();
                match value {
                    [1, value @ ..] => contents.insert(key, value.to_vec()),
                    _ => contents.remove(&key),
                };
            }
            Ok(contents)
        })
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        let value = [&[1], value].concat();
        block_on(self.map.store_item(&mut self.buffer, &sequential_key(key), &&value[..]))
            .map_err(sequential_failure)
    }

    fn remove(&mut self, key: &[u8]) -> Result<bool, Failure> {
        block_on(async {
            let key = sequential_key(key);
            let there = self.map.fetch_item::<&[u8]>(&mut self.buffer, &key).await;
            let there = there.map_err(sequential_failure)?;
            let there = there.is_some_and(|value| value.starts_with(&[1]));
            if there {
                let removed = self.map.store_item(&mut self.buffer, &key, &&[0][..]).await;
                removed.map_err(sequential_failure)?;
            }
            Ok(there)
        })
    }

    fn clear(&mut self) -> Result<(), Failure> {
        Err(Failure::Broken("there is no such operation".into()))
    }
}

/// `ekv`, built for pages of 4096 bytes.
pub struct Ekv;

type EkvDatabase<Flash> = ekv::Database<Flash, NoopRawMutex>;

struct EkvGallery<Flash: ekv::flash::Flash> {
    database: EkvDatabase<Flash>,
    value: Vec<u8>,
}

impl<const WORD: usize, const UNIT: usize> ekv::flash::Flash for Async<&mut SimulatedFlash<WORD, UNIT>> {
    type Error = FlashError;

    fn page_count(&self) -> usize {
        self.0.capacity() / ekv::config::PAGE_SIZE
    }

    async fn erase(&mut self, page: ekv::flash::PageID) -> Result<(), FlashError> {
        let from = (page.index() * ekv::config::PAGE_SIZE) as u32;
        self.0.erase(from, from + ekv::config::PAGE_SIZE as u32)
    }

    async fn read(
        &mut self,
        page: ekv::flash::PageID,
        at: usize,
        bytes: &mut [u8],
    ) -> Result<(), FlashError> {
        self.0.read((page.index() * ekv::config::PAGE_SIZE + at) as u32, bytes)
    }

    async fn write(&mut self, page: ekv::flash::PageID, at: usize, bytes: &[u8]) -> Result<(), FlashError> {
        self.0.write((page.index() * ekv::config::PAGE_SIZE + at) as u32, bytes)
    }
}

impl<const WORD: usize, const UNIT: usize> Candidate<WORD, UNIT> for Ekv {
    fn format(flash: &mut SimulatedFlash<WORD, UNIT>) {
        let database = EkvDatabase::new(Async(flash), ekv::Config::default());
        block_on(database.format()).expect("nothing disturbs it");
    }

    fn mount<'f>(
        flash: &'f mut SimulatedFlash<WORD, UNIT>,
        value_len: usize,
    ) -> Result<Box<dyn Gallery + 'f>, Failure> {
        let database = EkvDatabase::new(Async(flash), ekv::Config::default());
        block_on(database.mount()).map_err(|error| match error {
            ekv::MountError::Flash(FlashError::Off) => Failure::Flash,
            error => Failure::Broken(format!("mount: {error:?}")),
        })?;
        Ok(Box::new(EkvGallery { database, value: vec![0; value_len] }))
    }

    fn ram(_: usize) -> usize {
        size_of::<EkvDatabase<Async<&mut SimulatedFlash<4, 4096>>>>() - size_of::<usize>()
    }
}

fn commit_failure(error: ekv::CommitError<FlashError>) -> Failure {
    match error {
        ekv::CommitError::Flash(FlashError::Off) => Failure::Flash,
        error => Failure::Broken(format!("commit: {error:?}")),
    }
}

fn write_failure(error: ekv::WriteError<FlashError>) -> Failure {
    match error {
        ekv::WriteError::Flash(FlashError::Off) => Failure::Flash,
        ekv::WriteError::Full => Failure::Full,
        error => Failure::Broken(format!("write: {error:?}")),
    }
}

fn read_failure(error: ekv::CursorError<FlashError>) -> Failure {
    match error {
        ekv::CursorError::Flash(FlashError::Off) => Failure::Flash,
        error => Failure::Broken(format!("read: {error:?}")),
    }
}

impl<Flash: ekv::flash::Flash<Error = FlashError>> Gallery for EkvGallery<Flash> {
    fn contents(&mut self) -> Result<Contents, Failure> {
        let mut contents = Contents::new();
        block_on(async {
            let read = self.database.read_transaction().await;
            let mut cursor =
                read.read_all().await.map_err(|error| read_failure(ekv::CursorError::from(error)))?;
            let mut key = [0; ekv::config::MAX_KEY_SIZE];
            while let Some((key_len, value_len)) =
                cursor.next(&mut key, &mut self.value).await.map_err(read_failure)?
            {
                contents.insert(key[..key_len].to_vec(), self.value[..value_len].to_vec());
            }
            Ok(contents)
        })
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        block_on(async {
            let mut write = self.database.write_transaction().await;
            write.write(key, value).await.map_err(write_failure)?;
            write.commit().await.map_err(commit_failure)
        })
    }

    fn remove(&mut self, key: &[u8]) -> Result<bool, Failure> {
        let there = self.contents()?.contains_key(key);
        block_on(async {
            let mut write = self.database.write_transaction().await;
            write.delete(key).await.map_err(write_failure)?;
            write.commit().await.map_err(commit_failure)?;
            Ok(there)
        })
    }

    fn clear(&mut self) -> Result<(), Failure> {
        Err(Failure::Broken("there is no such operation".into()))
    }
}
