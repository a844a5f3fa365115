//! The documents agree with the code.

use std::fs;
use std::path::Path;

use content_sniff::FindingCode;
use lambda_http_kit::http::Code;
use policy::name_problems::NameProblem;
use policy::verdict::Reason;

fn read(path: &str) -> String {
    fs::read_to_string(xtask::root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[test]
fn the_contract_lists_every_code() {
    let contract = read("docs/CONTRACT.md");
    let problems = Code::ALL.iter().map(|code| code.as_str());
    let reasons = Reason::ALL.iter().map(|reason| reason.code());
    let findings = FindingCode::ALL.iter().map(|code| code.as_str());
    let names = NameProblem::ALL.iter().map(|problem| problem.as_str());
    let mismatches = ["content-mismatch", "extension-mismatch", "unverified", "unknown"];
    let missing: Vec<&str> = problems
        .chain(reasons)
        .chain(findings)
        .chain(names)
        .chain(mismatches)
        .filter(|code| !contract.contains(&format!("`{code}`")))
        .collect();
    assert!(missing.is_empty(), "docs/CONTRACT.md does not list {missing:?}");
}

#[test]
fn the_contract_gives_each_problem_its_status() {
    let contract = read("docs/CONTRACT.md");
    for code in Code::ALL {
        let line = contract.lines().find(|line| line.starts_with(&format!("| `{}` |", code.as_str())));
        let line = line.unwrap_or_else(|| panic!("docs/CONTRACT.md has no row for {}", code.as_str()));
        assert!(line.contains(code.status().as_str()), "{line}");
    }
}

#[test]
fn the_contract_names_every_route_of_the_template() {
    let (template, contract) = (read("template.yaml"), read("docs/CONTRACT.md"));
    let routes: Vec<&str> = template.lines().filter_map(|line| line.trim().strip_prefix("RouteKey: ")).collect();
    assert!(!routes.is_empty());
    for route in routes {
        assert!(contract.contains(route), "docs/CONTRACT.md does not mention {route}");
    }
}

#[test]
fn every_content_rule_is_documented() {
    let policy = read("docs/POLICY.md");
    for rule in policy::content_rules::ContentRules::RULES {
        assert!(policy.contains(&format!("`{rule}`")), "docs/POLICY.md does not mention the content rule {rule}");
    }
}

#[test]
fn links_between_documents_have_existing_targets() {
    let mut documents = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].map(str::to_owned).to_vec();
    for folder in ["docs", "docs/decisions"] {
        for entry in fs::read_dir(xtask::root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if Path::new(&name).extension().is_some_and(|e| e == "md") {
                documents.push(format!("{folder}/{name}"));
            }
        }
    }
    for document in documents {
        let text = read(&document);
        let folder = Path::new(&document).parent().unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            assert!(
                xtask::root().join(folder).join(target).exists(),
                "{document} links to {link}, which does not exist"
            );
        }
    }
}

#[test]
fn every_row_of_uppy_md_names_its_test_files_or_a_reason() {
    let document = read("docs/UPPY.md");
    let tables = document.split("## A2").nth(1).unwrap();
    let rows: Vec<Vec<&str>> = tables
        .lines()
        .filter(|line| line.starts_with("| ") && !line.contains("Shown by"))
        .map(|line| line.trim_matches('|').split(" | ").collect())
        .collect();
    assert!(rows.len() > 30, "{}", rows.len());
    for row in rows {
        let [_, _, proof] = row.as_slice() else { panic!("not three columns: {row:?}") };
        let files: Vec<&str> = proof.split('`').skip(1).step_by(2).collect();
        assert!(!files.is_empty() || proof.trim().starts_with("not tested: "), "{row:?}");
        for file in files {
            assert!(xtask::root().join(file).is_file(), "{file} does not exist");
        }
    }
}

#[test]
fn the_changelog_has_an_unreleased_section() {
    assert!(read("CHANGELOG.md").contains("## [Unreleased]"));
}
