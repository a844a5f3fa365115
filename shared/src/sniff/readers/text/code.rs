//! Programs in text, told by how their lines begin.

use super::Guess;

/// How lines begin, what that is worth, and at most how often it counts.
type Habit = (&'static str, u32);

const PYTHON: &[Habit] = &[
    ("import ", 14),
    ("from ", 4),
    ("def ", 18),
    ("class ", 8),
    ("@", 2),
    ("if __name__", 40),
    ("elif ", 20),
    ("except ", 18),
    ("except:", 20),
    ("try:", 12),
    ("\"\"\"", 12),
    ("self.", 14),
    ("# -*- coding", 50),
    ("print(", 10),
    ("print ", 6),
    ("raise ", 12),
    ("async def ", 25),
    ("with open(", 20),
    ("return ", 1),
    ("'''", 8),
    ("lambda ", 4),
    ("yield ", 6),
    ("assert ", 5),
];
const SCRIPT: &[Habit] = &[
    ("var ", 14),
    ("let ", 10),
    ("const ", 14),
    ("function ", 20),
    ("function(", 16),
    ("export ", 14),
    ("import {", 20),
    ("import * as", 16),
    ("module.exports", 40),
    ("'use strict'", 50),
    ("\"use strict\"", 50),
    ("require(", 10),
    ("document.", 16),
    ("window.", 16),
    ("console.", 16),
    ("});", 10),
    ("(function", 25),
    ("!function", 40),
    ("return function", 12),
    ("this.", 4),
    ("async function", 20),
    ("define(", 20),
    ("$(", 15),
    ("};", 3),
    ("} else {", 2),
    ("/**", 1),
];
const RUBY: &[Habit] = &[
    ("require '", 20),
    ("require \"", 14),
    ("require_relative", 40),
    ("def ", 6),
    ("end", 3),
    ("module ", 10),
    ("attr_", 30),
    ("puts ", 16),
    ("class ", 4),
    ("describe ", 15),
    ("gem '", 30),
    ("elsif ", 12),
    ("unless ", 8),
    ("do |", 10),
    ("include ", 3),
    ("# frozen_string_literal", 60),
];
const SHELL: &[Habit] = &[
    ("fi", 10),
    ("done", 10),
    ("esac", 20),
    ("then", 6),
    ("echo ", 8),
    ("export ", 10),
    ("if [ ", 20),
    ("if [[ ", 20),
    ("set -e", 30),
    ("case ", 3),
    ("source ", 8),
    ("exit ", 5),
    ("for ", 1),
    ("while read", 20),
    ("cd ", 4),
    ("#!/", 30),
    ("local ", 5),
    ("elif [", 15),
];
const BATCH: &[Habit] = &[
    ("@echo", 60),
    ("rem ", 14),
    ("set ", 3),
    ("setlocal", 40),
    ("endlocal", 40),
    ("goto ", 20),
    ("if not ", 6),
    ("if exist", 20),
    ("if errorlevel", 30),
    ("pause", 12),
    ("call ", 6),
    ("::", 6),
    ("echo.", 14),
    ("exit /b", 40),
    ("if \"%", 25),
    ("for %%", 40),
    ("set path=", 20),
    ("@rem", 30),
    ("@if", 25),
    ("%java", 10),
    ("title ", 4),
    ("start ", 4),
    ("cls", 12),
];
const PERL: &[Habit] = &[
    ("use strict", 40),
    ("use warnings", 40),
    ("my $", 20),
    ("my @", 20),
    ("my %", 20),
    ("sub ", 12),
    ("package ", 3),
    ("our ", 10),
    ("foreach my", 25),
    ("=head1", 30),
    ("=cut", 25),
    ("print ", 2),
    ("use ", 4),
    ("1;", 14),
];
const C: &[Habit] = &[
    ("#include", 30),
    ("#define", 14),
    ("#ifdef", 14),
    ("#ifndef", 14),
    ("#endif", 12),
    ("int ", 8),
    ("void ", 10),
    ("static ", 6),
    ("struct ", 10),
    ("typedef ", 14),
    ("return ", 2),
    ("public ", 8),
    ("private ", 8),
    ("package ", 8),
    ("using ", 6),
    ("namespace ", 14),
    ("fn ", 10),
    ("pub ", 10),
    ("func ", 12),
    ("impl ", 12),
    ("import java", 30),
    ("};", 3),
    ("protected ", 8),
];

/// Adds what the lines' habits say. Languages without a type of their own here (C and its kin) count as plain text, and
/// only keep others from claiming them.
pub(super) fn guess(lines: &[&str], guesses: &mut Vec<Guess>) {
    let spread = |habits: &[Habit], comment: &[&str], tail: fn(&str) -> u32| score(lines, habits, comment, tail);
    let python = spread(PYTHON, &["#"], |line| {
        let opens = line.ends_with(':')
            && ["def ", "class ", "if ", "for ", "while ", "elif ", "else", "with "]
                .iter()
                .any(|word| line.starts_with(word));
        u32::from(opens) * 12
            + u32::from(line.starts_with("from ") && line.contains(" import ") && line.split_whitespace().count() <= 14)
                * 48
    });
    let javascript = spread(SCRIPT, &["//", "*", "/*"], |line| {
        u32::from(line.ends_with("=> {") || line.contains("function(") || line.contains("function (")) * 12
            + u32::from(line.contains(" === ")) * 8
    });
    let ruby = spread(RUBY, &["#"], |line| {
        u32::from(line.ends_with(" do") || line.ends_with('|') && line.contains(" do |")) * 10
    });
    let shell = spread(SHELL, &["#"], |line| {
        u32::from(line.ends_with("; then") || line.ends_with("; do") || line == "do" || line == "then") * 14
            + u32::from(line.contains("=$(") || line.starts_with('$')) * 4
    });
    let batch = spread(BATCH, &["rem", "::"], |_| 0);
    let perl = spread(PERL, &["#"], |_| 0);
    let c = spread(C, &["//", "*", "/*"], |_| 0);
    guesses.push(Guess { kind: "text/x-python", score: rival(python, &[javascript, ruby, c, shell]) });
    guesses.push(Guess { kind: "text/javascript", score: rival(javascript, &[python, c, ruby, perl]) });
    guesses.push(Guess { kind: "text/x-ruby", score: rival(ruby, &[python, javascript, c, perl]) });
    guesses.push(Guess {
        kind: "text/x-shellscript",
        score: rival(shell, &[python, javascript, batch, perl]).min(SHELL_MOST),
    });
    guesses.push(Guess { kind: "text/x-msdos-batch", score: rival(batch, &[shell, python, c]) });
    guesses.push(Guess { kind: "text/x-perl", score: rival(perl, &[python, javascript, c]) });
    guesses.push(Guess { kind: "text/css", score: css(lines) });
}

/// Without its first line, a shell script is as likely a listing of commands somebody wrote down.
const SHELL_MOST: u32 = 55;

fn rival(own: u32, others: &[u32]) -> u32 {
    let best = others.iter().copied().max().unwrap_or(0);
    if best > own { own.saturating_sub(best - own) } else { own }
}

fn score(lines: &[&str], habits: &[Habit], comments: &[&str], extra: fn(&str) -> u32) -> u32 {
    let mut total = 0u32;
    let mut counted = 0u32;
    let mut kinds = vec![0u32; habits.len()];
    for line in lines {
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        counted += 1;
        let lower = if habits.first().is_some_and(|(mark, _)| *mark == "@echo") {
            text.to_ascii_lowercase()
        } else {
            String::new()
        };
        let text = if lower.is_empty() { text } else { lower.as_str() };
        for ((mark, worth), seen) in habits.iter().zip(kinds.iter_mut()) {
            if text.starts_with(mark) && *seen < 4 && follows(text, mark) {
                *seen += 1;
                total += worth;
            }
        }
        total += extra(text);
        if comments.iter().any(|mark| text.starts_with(mark)) {
            counted -= 1;
        }
    }
    // Prose that quotes a few lines of code has many lines without any habit.
    let distinct = kinds.iter().filter(|&&seen| seen > 0).count();
    if distinct < 2 && total < 40 {
        total /= 2;
    }
    let density = total * 100 / counted.max(1);
    if counted > 12 && density < 150 { total * density / 150 } else { total }.min(100)
}

/// A word is over where it ends: `fi` is not `file`, `end` not `endless`.
fn follows(text: &str, mark: &str) -> bool {
    let closed = !mark.ends_with(|c: char| c.is_ascii_alphanumeric());
    closed || text.get(mark.len()..).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// Style sheets: selectors before braces, `name: value` pairs in them, and nothing else.
fn css(lines: &[&str]) -> u32 {
    // Most text has no braces at all, and what has is judged by its beginning.
    if !lines.iter().any(|line| line.contains('{')) {
        return 0;
    }
    let text = uncommented(&lines.iter().take(80).copied().collect::<Vec<_>>().join("\n"));
    let (mut rules, mut pairs, mut other) = (0u32, 0u32, 0u32);
    for block in text.split('{').skip(1) {
        let (inside, next) = block.split_once('}').unwrap_or((block, ""));
        for declaration in inside.split(';').map(str::trim).filter(|text| !text.is_empty()) {
            let name = declaration.split_once(':').map(|(name, _)| name.trim());
            let fits = name.is_some_and(|name| {
                !name.is_empty()
                    && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-*_".contains(&b))
            });
            // A nested rule's selector stands where a declaration would.
            let nested = declaration.starts_with(['.', '#', '@', '&', ':']);
            if fits { pairs += 1 } else { other += u32::from(!nested) }
        }
        rules += 1;
        // What follows a rule is the next selector; code goes on with words, quotes and brackets.
        other += u32::from(next.contains(['=', ';', '"']) && !next.contains('[') && !next.contains('@'));
    }
    let first = text.trim_start().chars().next().unwrap_or(' ');
    let selector = first.is_ascii_alphabetic() || ".#*@:[".contains(first);
    if !selector || pairs == 0 || other * 8 > pairs {
        return 0;
    }
    (30 + rules * 10 + pairs * 6).min(90)
}

fn uncommented(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept
}
