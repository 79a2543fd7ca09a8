import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.GenericMachine;
import software.amazon.event.ruler.JsonRuleCompiler;

/**
 * Reads one JSON object a line, {"pattern": "...", "event": "..."}, both as JSON text, and writes a
 * line for each: "refused" with the compiler's reason, "true", or "false".
 */
public final class Judge {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode judged = MAPPER.readTree(line);
            out.println(verdict(judged.get("pattern").textValue(), judged.get("event").textValue()));
        }
    }

    private static String verdict(String pattern, String event) throws Exception {
        GenericMachine<String> machine = GenericMachine.<String>builder().build();
        try {
            // Not addRule: it hands what this compiler refuses to an older one. `false` refuses a
            // path that a pattern names twice, of which the compiler would else drop the first.
            JsonRuleCompiler.compile(pattern, false).forEach(rule -> machine.addPatternRule("rule", rule));
        } catch (Exception refusal) {
            return "refused: " + String.valueOf(refusal.getMessage()).split("\n")[0];
        }
        return String.valueOf(!machine.rulesForJSONEvent(event).isEmpty());
    }
}
