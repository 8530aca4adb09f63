//! The report in a table for people, and in JSON.

use super::{ModelReport, Report};
use crate::output::thousands;
use std::fmt::Write;
use tinytriplet_boards::cost::Cost;

/// Columns of a step's description.
const WIDTH: usize = 37;

/// Returns the table.
pub fn table(report: &Report) -> Result<String, std::fmt::Error> {
    let board = report.board;
    let mut text = String::new();
    writeln!(text, "{}: {}, in {}", board.name, board.description, board.emulator)?;
    if report.known.iter().any(|(_, cost)| cost.cycles.is_some()) {
        writeln!(text, "Cycles are those of {}' model of the processor.", board.emulator)?;
    }
    let known: Vec<String> = report.known.iter().map(|&(known, _)| thousands(known.into())).collect();
    writeln!(text, "Counts exactly what is known: {} instructions.", known.join("; "))?;
    for model in &report.models {
        write_model(&mut text, model)?;
    }
    Ok(text)
}

fn write_model(text: &mut String, model: &ModelReport) -> std::fmt::Result {
    writeln!(
        text,
        "\n{}: \"{}\" {}, {} bytes",
        model.file,
        model.name,
        hash(model),
        thousands(model.file_len as u64)
    )?;
    let heads = [("instructions", model.embed.instructions), ("cycles", model.embed.cycles)];
    let heads: Vec<&str> = heads.iter().filter(|(_, count)| count.is_some()).map(|&(head, _)| head).collect();
    let mut row = |name: &str, macs: u64, cost: Cost| {
        write!(text, "  {name:WIDTH$}")?;
        match macs {
            0 => write!(text, "{:>11}", "")?,
            macs => write!(text, "{:>11}", thousands(macs))?,
        }
        for count in [cost.instructions, cost.cycles].into_iter().flatten() {
            write!(text, "{:>14}", thousands(count.into()))?;
        }
        writeln!(text)
    };
    row("decode", 0, model.decode)?;
    for step in &model.steps {
        row(&step.operation, step.macs, step.cost)?;
    }
    let macs = model.steps.iter().map(|step| step.macs).sum();
    row("embed, as a whole", macs, model.embed)?;
    let (at, head) =
        (text.rfind("  decode").unwrap_or_default(), heads.iter().map(|head| format!("{head:>14}")));
    text.insert_str(at, &format!("  {:WIDTH$}{:>11}{}\n", "", "MACs", head.collect::<String>()));
    writeln!(
        text,
        "  RAM: {} bytes of scratch; stack {} bytes to decode, {} to embed.\n  \
         Embeddings of the test images: CRC-32 {}, as on the PC.",
        thousands(model.scratch.into()),
        thousands(model.decode_stack.into()),
        thousands(model.embed_stack.into()),
        crcs(model).join(", ")
    )
}

fn hash(model: &ModelReport) -> String {
    model.hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn crcs(model: &ModelReport) -> Vec<String> {
    model.embedding_crcs.iter().map(|crc| format!("{crc:08x}")).collect()
}

/// Returns the JSON.
pub fn json(report: &Report) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    let known = list(&report.known, |(known, cost)| format!("{{ \"executed\": {known}, {} }}", counts(cost)));
    let models = list(&report.models, |model| {
        let steps = list(&model.steps, |step| {
            format!(
                "{{ \"last_layer\": {}, \"operation\": {}, \"macs\": {}, {} }}",
                step.layer,
                string(&step.operation),
                step.macs,
                counts(&step.cost)
            )
        });
        format!(
            "{{\n\"file\": {}, \"name\": {}, \"hash\": \"{}\", \"file_len\": {},\n\
             \"decode\": {{ {} }},\n\"embed\": {{ {} }},\n\"steps\": {steps},\n\
             \"decode_stack\": {}, \"embed_stack\": {}, \"scratch\": {}, \"embedding_crcs\": [\"{}\"]\n}}",
            string(&model.file),
            string(&model.name),
            hash(model),
            model.file_len,
            counts(&model.decode),
            counts(&model.embed),
            model.decode_stack,
            model.embed_stack,
            model.scratch,
            crcs(model).join("\", \"")
        )
    });
    writeln!(
        text,
        "{{\n\"board\": {},\n\"known\": {known},\n\"models\": {models}\n}}",
        string(report.board.name)
    )?;
    Ok(text)
}

fn list<T>(items: &[T], text: impl FnMut(&T) -> String) -> String {
    format!("[\n{}\n]", items.iter().map(text).collect::<Vec<_>>().join(",\n"))
}

fn counts(cost: &Cost) -> String {
    let number = |count: Option<u32>| count.map_or("null".to_owned(), |count| count.to_string());
    format!("\"instructions\": {}, \"cycles\": {}", number(cost.instructions), number(cost.cycles))
}

fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => quoted += &format!("\\u{:04x}", u32::from(control)),
            other => quoted.push(other),
        }
    }
    quoted + "\""
}
