//! Pages of machine code.
//!
//! Code is written to fresh pages, which are then made executable and are never writable again. Whoever may call into
//! them holds an [`Arc`](std::sync::Arc) of them, so that they outlive every call and no longer.
#![allow(unsafe_code)]

use memmap2::{Mmap, MmapMut};

/// Arguments of a compiled function.
///
/// Two words of `table` per port and out, numbers in `scratch`; instances `instance..instance + count`, which stand at
/// lanes `lane..` of the scratch. `count` is a multiple of the lanes the function was compiled for.
#[derive(Clone, Copy, Debug)]
pub struct Args {
    /// Addresses.
    pub table: *const u64,
    /// Numbers of a block.
    pub scratch: *mut f64,
    /// The first instance.
    pub instance: usize,
    /// Its lane.
    pub lane: usize,
    /// How many.
    pub count: usize,
}

/// The type of compiled functions.
type Entry = unsafe extern "C" fn(*const u64, *mut f64, usize, usize, usize);

/// Pages of code, unmapped when dropped.
pub struct Pages {
    map: Mmap,
}

impl Pages {
    /// Pages that hold `bytes`.
    ///
    /// # Errors
    /// What the system says when it gives no memory or does not let it be executed.
    pub fn new(bytes: &[u8]) -> std::io::Result<Self> {
        let mut map = MmapMut::map_anon(bytes.len().max(1))?;
        map[..bytes.len()].copy_from_slice(bytes);
        Ok(Self { map: map.make_exec()? })
    }

    /// Calls the function that begins at byte `offset`.
    ///
    /// # Safety
    /// A function made by [`clif`](super::clif) begins there, and every address it derives from `args` is valid for
    /// what it does with it: [`run`](super::run) checks the bounds of all of them.
    pub unsafe fn call(&self, offset: usize, args: Args) {
        let at = self.map[offset..].as_ptr();
        // SAFETY: the caller says that a function with this signature begins there; the pages are executable.
        unsafe {
            let entry = std::mem::transmute::<*const u8, Entry>(at);
            entry(args.table, args.scratch, args.instance, args.lane, args.count);
        }
    }
}
