//! The ledger as a table for people.

use tinytriplet_ledger::{Cost, Ledger, Net, text::thousands};

/// Returns the table.
pub fn table(ledger: &Ledger) -> String {
    let mut text = format!("{}: {}, in {}\n", ledger.board, ledger.description, ledger.emulator);
    if ledger.megahertz.is_some() {
        text += &format!("Cycles are those of {}' model of the processor.\n", ledger.emulator);
    }
    let known: Vec<String> = ledger.known.iter().map(|known| thousands(known.executed.into())).collect();
    text += &format!("Counts exactly what is known: {} instructions.\n", known.join("; "));
    ledger.nets.iter().for_each(|net| text += &table_of(net));
    text
}

fn table_of(net: &Net) -> String {
    let mut text = format!(
        "\n{}: \"{}\" {}, {} bytes\n",
        net.name,
        net.model,
        net.hash,
        thousands(net.file.packed as u64)
    );
    let cycles = if net.embed.cycles.is_some() { format!("{:>14}", "cycles") } else { String::new() };
    text += &format!("  {:21} {:18}{:>10}{:>14}{cycles}\n", "", "", "MACs", "instructions");
    text += &row("decode", "", 0, net.decode);
    for step in &net.steps {
        text += &row(&step.work.to_string(), &step.work.shapes(), step.work.macs, step.cost);
    }
    text += &row("embed, as a whole", "", net.macs, net.embed);
    if let Some(preparation) = &net.preparation {
        let [height, width] = preparation.frame;
        text += &row("prepare a photograph", &format!("{height}x{width}"), 0, preparation.cost);
    }
    text += &format!(
        "  RAM: {} bytes of scratch; stack {} bytes to decode, {} to embed.\n",
        thousands(net.ram.scratch as u64),
        thousands(net.decode_stack.into()),
        thousands(net.ram.stack as u64)
    );
    if let Some(preparation) = &net.preparation {
        text += &format!(
            "  To prepare: {} bytes of scratch, {} of stack. Pixels: CRC-32 {}, as on the PC.\n",
            thousands(preparation.scratch as u64),
            thousands(preparation.stack as u64),
            preparation.pixels_crc
        );
    }
    text + &format!(
        "  Embeddings of the test images: CRC-32 {}, as on the PC.\n",
        net.embedding_crcs.join(", ")
    )
}

fn row(name: &str, shapes: &str, macs: u64, cost: Cost) -> String {
    let macs = if macs == 0 { String::new() } else { thousands(macs) };
    let counts = [Some(cost.instructions), cost.cycles].into_iter().flatten();
    let counts: String = counts.map(|count| format!("{:>14}", thousands(count))).collect();
    format!("  {name:21} {shapes:18}{macs:>10}{counts}\n")
}
