/**
 * Completion scripts. Each passes the words to `mesh __complete` and shows what comes back. `@{` stands for
 * what a template of JavaScript would take for its own.
 */

const BASH = String.raw`# bash completion for mesh
_mesh() {
    local IFS=$' \t\n' words=() word= glue= i reply line paths=none last
    # bash breaks words at = and :, mesh does not.
    for ((i = 1; i <= COMP_CWORD; i++)); do
        last="@{COMP_WORDS[i]}"
        if [[ $last == [=:]* || $glue == 1 ]] && ((@{#words[@]} > 0)); then
            words[@{#words[@]}-1]+="$last"
        else
            words+=("$last")
        fi
        [[ $last == *[=:] ]] && glue=1 || glue=
    done
    word="@{words[@{#words[@]}-1]}"
    COMPREPLY=()
    reply="$("@{COMP_WORDS[0]}" __complete -- "@{words[@]}" 2>/dev/null)" || return
    while IFS= read -r line; do
        case "$line" in
            :files | :folders | :none) paths="@{line#:}" ;;
            *) COMPREPLY+=("@{line%%$'\t'*}") ;;
        esac
    done <<<"$reply"
    case "$word" in
        *=* | *:*)
            # Readline replaces only what comes after the last = or :.
            local done="@{word%"@{word##*[=:]}"}"
            COMPREPLY=("@{COMPREPLY[@]#"$done"}")
            word="@{word##*[=:]}"
            ;;
    esac
    case "$paths" in
        files) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$word") ;;
        folders) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$word") ;;
    esac
    # A path of fields goes on after its dot.
    [[ @{#COMPREPLY[@]} -eq 1 && @{COMPREPLY[0]} == *. ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -F _mesh mesh
`;

const ZSH = String.raw`#compdef mesh
# zsh completion for mesh
_mesh() {
    local -a candidates spaceless
    local line paths=none value description
    for line in "@{(@f)$("@{words[1]}" __complete -- "@{(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        case "$line" in
            :files|:folders|:none) paths="@{line#:}" ;;
            '') ;;
            *)
                value="@{line%%$'\t'*}"
                description="@{line#*$'\t'}"
                [[ "$line" == *$'\t'* ]] || description=""
                if [[ "$value" == *. ]]; then
                    spaceless+=("@{value//:/\\:}@{description:+:$description}")
                else
                    candidates+=("@{value//:/\\:}@{description:+:$description}")
                fi
                ;;
        esac
    done
    (( @{#candidates} )) && _describe 'mesh' candidates
    (( @{#spaceless} )) && _describe 'mesh' spaceless -S ''
    case "$paths" in
        files) compset -P '*='; _files ;;
        folders) compset -P '*='; _files -/ ;;
    esac
}
if [[ "@{funcstack[1]}" == _mesh ]]; then
    _mesh "$@"
else
    compdef _mesh mesh
fi
`;

const FISH = String.raw`# fish completion for mesh
function __mesh_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l paths none
    for line in ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':files' ':folders' ':none'
                set paths (string sub -s 2 -- $line)
            case '*'
                echo $line
        end
    end
    # After --flag= the path is only the rest of the word.
    set -l flag (string match -r -- '^-[^=]*=' "$current")
    set -l path (string replace -r -- '^-[^=]*=' '' "$current")
    switch $paths
        case files
            for found in (__fish_complete_path "$path")
                echo "$flag$found"
            end
        case folders
            for found in (__fish_complete_directories "$path")
                echo "$flag$found"
            end
    end
end
complete -c mesh -f -a '(__mesh_complete)'
`;

const POWERSHELL = String.raw`# PowerShell completion for mesh
Register-ArgumentCompleter -Native -CommandName mesh -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
    $program = $words[0]
    $rest = @($words | Select-Object -Skip 1)
    if ($wordToComplete -eq '') { $rest += '' }
    # Older PowerShell drops empty arguments of programs.
    $rest = @($rest | ForEach-Object { if ($_ -eq '' -and $PSVersionTable.PSVersion -lt [version]'7.3') { '""' } else { $_ } })
    $paths = 'none'
    & $program __complete -- @rest 2>$null | ForEach-Object {
        if ($_ -match '^:(files|folders|none)$') { $paths = $Matches[1]; return }
        $value, $description = $_ -split "@t", 2
        if (-not $description) { $description = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $description)
    }
    if ($paths -ne 'none') {
        [System.Management.Automation.CompletionCompleters]::CompleteFilename($wordToComplete)
    }
}
`;

/** By the name that `mesh completion` takes. */
export const SHELL_SCRIPTS = {
  bash: BASH.replaceAll('@{', '${'),
  zsh: ZSH.replaceAll('@{', '${'),
  fish: FISH,
  powershell: POWERSHELL.replaceAll('@t', '`t'),
} as const;
