//! The crate that sysalloc began as a port of. It maps anonymous memory.
use crate::task::{touch, Run, Task, Work};
use std::io::Result;
use sys_alloc::{Mmap, MmapOptions};

pub fn find(name: &str) -> Option<Work> {
    Some(match name {
        "sys_alloc/map" => map,
        "sys_alloc/map-store" => map_store,
        "sys_alloc/ready" => ready,
        "sys_alloc/ready-populate" => ready_populate,
        "sys_alloc/live" => live,
        _ => return None,
    })
}

fn options(size: usize) -> MmapOptions {
    MmapOptions::new().len(size)
}

fn map_with(options: &MmapOptions) -> Result<Mmap> {
    unsafe { options.map_anon() }
}

fn map(task: Task) -> Result<Run> {
    let options = options(task.size);
    Ok(Box::new(move || {
        for _ in 0..task.operations {
            drop(map_with(&options)?);
        }
        Ok(1)
    }))
}

fn map_store(task: Task) -> Result<Run> {
    let options = options(task.size);
    Ok(Box::new(move || {
        let mut sum = 0;
        for _ in 0..task.operations {
            sum = touch(map_with(&options)?.ptr(), 1);
        }
        Ok(sum)
    }))
}

fn ready(task: Task) -> Result<Run> {
    ready_with(options(task.size), task)
}

fn ready_populate(task: Task) -> Result<Run> {
    ready_with(options(task.size).populate(true), task)
}

fn ready_with(options: MmapOptions, task: Task) -> Result<Run> {
    Ok(Box::new(move || {
        let mut pages = 0;
        for _ in 0..task.operations {
            pages = touch(map_with(&options)?.ptr(), task.size);
        }
        Ok(pages)
    }))
}

fn live(task: Task) -> Result<Run> {
    let options = options(task.size);
    Ok(Box::new(move || {
        let live: Vec<Mmap> = (0..task.operations)
            .map(|_| map_with(&options))
            .collect::<Result<_>>()?;
        Ok(live.len() as i32)
    }))
}
