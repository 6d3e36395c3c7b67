//! The crate that most of Rust maps files by.
use crate::task::{sum_words, touch, word_at, Random, Run, Task, Work, GROWTH_STEPS, PAGE, RECORD};
use memmap2::{Advice, Mmap, MmapMut, MmapOptions, RemapOptions};
use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::io::Result;

pub fn find(name: &str) -> Option<Work> {
    Some(match name {
        "memmap2/map" => map,
        "memmap2/map-store" => map_store,
        "memmap2/ready" => ready,
        "memmap2/ready-populate" => ready_populate,
        "memmap2/ready-huge" => ready_huge,
        "memmap2/live" => live,
        "memmap2/read-sequential" => read_sequential,
        "memmap2/read-random" => read_random,
        "memmap2/grow" => grow,
        "memmap2/open-record" => open_record,
        "memmap2/random-pages" => random_pages,
        "memmap2/scan" => scan,
        "memmap2/store-flush" => store_flush,
        _ => return None,
    })
}

fn map(task: Task) -> Result<Run> {
    Ok(Box::new(move || {
        for _ in 0..task.operations {
            drop(black_box(MmapMut::map_anon(task.size)?));
        }
        Ok(1)
    }))
}

fn map_store(task: Task) -> Result<Run> {
    Ok(Box::new(move || {
        let mut sum = 0;
        for _ in 0..task.operations {
            sum = touch(MmapMut::map_anon(task.size)?.as_mut_ptr(), 1);
        }
        Ok(sum)
    }))
}

fn ready(task: Task) -> Result<Run> {
    ready_with(task, false, None)
}

fn ready_populate(task: Task) -> Result<Run> {
    ready_with(task, true, None)
}

fn ready_huge(task: Task) -> Result<Run> {
    ready_with(task, false, Some(Advice::HugePage))
}

fn ready_with(task: Task, populate: bool, advice: Option<Advice>) -> Result<Run> {
    let mut options = MmapOptions::new();
    options.len(task.size);
    if populate {
        options.populate();
    }
    Ok(Box::new(move || {
        let mut pages = 0;
        for _ in 0..task.operations {
            let mut mmap = options.map_anon()?;
            if let Some(advice) = advice {
                mmap.advise(advice)?;
            }
            pages = touch(mmap.as_mut_ptr(), task.size);
        }
        Ok(pages)
    }))
}

fn live(task: Task) -> Result<Run> {
    Ok(Box::new(move || {
        let live: Vec<MmapMut> = (0..task.operations)
            .map(|_| MmapMut::map_anon(task.size))
            .collect::<Result<_>>()?;
        Ok(live.len() as i32)
    }))
}

fn words(size: usize) -> Result<MmapMut> {
    let mut mmap = MmapMut::map_anon(size)?;
    for (index, word) in mmap.chunks_exact_mut(4).enumerate() {
        word.copy_from_slice(&word_at(index).to_ne_bytes());
    }
    Ok(mmap)
}

fn read_sequential(task: Task) -> Result<Run> {
    let mmap = words(task.size)?;
    Ok(Box::new(move || {
        let (mut read, mut sum) = (0, 0i32);
        while read < task.operations as usize {
            sum = sum.wrapping_add(sum_words(black_box(&mmap[..])));
            read += task.size / 4;
        }
        Ok(sum)
    }))
}

fn read_random(task: Task) -> Result<Run> {
    let mmap = words(task.size)?;
    Ok(Box::new(move || {
        let (mut random, mut sum) = (Random::new(), 0i32);
        for _ in 0..task.operations {
            let at = 4 * random.next(task.size / 4);
            sum = sum.wrapping_add(sum_words(&mmap[at..at + 4]));
        }
        Ok(sum)
    }))
}

fn grow(task: Task) -> Result<Run> {
    Ok(Box::new(move || {
        let step = task.size / GROWTH_STEPS;
        let mut mmap = MmapMut::map_anon(step)?;
        let mut pages = touch(mmap.as_mut_ptr(), step);
        for length in (2 * step..=task.size).step_by(step) {
            unsafe { mmap.remap(length, RemapOptions::new().may_move(true))? };
            pages += touch(mmap[length - step..].as_mut_ptr(), step);
        }
        Ok(pages)
    }))
}

fn open_record(task: Task) -> Result<Run> {
    Ok(Box::new(move || {
        let mut sum = 0;
        for _ in 0..task.operations {
            let mmap = unsafe { Mmap::map(&File::open(&task.path)?)? };
            sum = sum_words(&mmap[task.size / 2..][..RECORD]);
        }
        Ok(sum)
    }))
}

fn random_pages(task: Task) -> Result<Run> {
    let mmap = unsafe { Mmap::map(&File::open(&task.path)?)? };
    Ok(Box::new(move || {
        let (mut random, mut sum) = (Random::new(), 0i32);
        for _ in 0..task.operations {
            let at = PAGE * random.next(task.size / PAGE);
            sum = sum.wrapping_add(sum_words(&mmap[at..at + PAGE]));
        }
        Ok(sum)
    }))
}

fn scan(task: Task) -> Result<Run> {
    Ok(Box::new(move || {
        let mut sum = 0;
        for _ in 0..task.operations {
            sum = sum_words(&unsafe { Mmap::map(&File::open(&task.path)?)? });
        }
        Ok(sum)
    }))
}

fn store_flush(task: Task) -> Result<Run> {
    let file = OpenOptions::new().read(true).write(true).open(&task.path)?;
    let mut mmap = unsafe { MmapMut::map_mut(&file)? };
    Ok(Box::new(move || {
        let (mut random, mut sum) = (Random::new(), 0i32);
        for index in 0..task.operations {
            let at = PAGE * random.next(task.size / PAGE);
            mmap[at] = index as u8;
            sum += i32::from(mmap[at]);
        }
        mmap.flush()?;
        Ok(sum)
    }))
}
