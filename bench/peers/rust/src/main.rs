//! Serves the works of the crates as a program: a round for each line
//! `WORK SIZE OPERATIONS PATH`, answered by a line of JSON. With the arguments
//! `count-lines PATH` it counts lines, and ends.
mod memmap2_works;
mod sys_alloc_works;
mod task;

use std::fs::File;
use std::io::{stdin, BufRead};
use std::time::Instant;
use task::{Run, Task};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.as_slice() {
        [_, name, path] if name == "count-lines" => count_lines(path),
        _ => serve(),
    }
}

fn count_lines(path: &str) {
    let file = File::open(path).expect("the file opens");
    let bytes = unsafe { memmap2::Mmap::map(&file) }.expect("the file maps");
    println!("{}", bytes.iter().filter(|&&byte| byte == b'\n').count());
}

fn serve() {
    for line in stdin().lock().lines() {
        let line = line.expect("the input is text");
        match answer(&line) {
            Ok(text) => println!("{text}"),
            Err(error) => println!("{{\"error\":\"{}\"}}", error.replace(['"', '\\'], "'")),
        }
    }
}

fn answer(line: &str) -> Result<String, String> {
    let fields: Vec<&str> = line.split(' ').collect();
    let [name, size, operations, path] = fields[..] else {
        return Err(format!("{line} is no request"));
    };
    let task = Task {
        size: size.parse().map_err(|_| "the size is no number")?,
        operations: operations
            .parse()
            .map_err(|_| "the operations are no number")?,
        path: path.to_owned(),
    };
    let mut run = prepare(name, task)?;
    let start = Instant::now();
    let checksum = run().map_err(|error| error.to_string())?;
    let time = start.elapsed().as_nanos();
    Ok(format!(
        "{{\"checksum\":{checksum},\"operations\":{operations},\"time\":{time}}}"
    ))
}

fn prepare(name: &str, task: Task) -> Result<Run, String> {
    let work = sys_alloc_works::find(name)
        .or_else(|| memmap2_works::find(name))
        .ok_or_else(|| format!("there is no work {name}"))?;
    work(task).map_err(|error| error.to_string())
}
