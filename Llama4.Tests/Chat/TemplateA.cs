namespace Llama4.Tests.Chat;

/// <summary>Template A of specification 5.2, in Jinja, written from its description.</summary>
static class TemplateA
{
    public const string Source =
        """
        {{- bos_token }}
        {%- if custom_tools is defined %}{% set tools = custom_tools %}{% endif %}
        {%- if tools is not defined %}{% set tools = none %}{% endif %}
        {%- if tools_in_user_message is not defined %}{% set tools_in_user_message = true %}{% endif %}
        {%- set format = 'Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}.Do not use variables.\n\n' %}
        {%- set rest = messages %}
        {%- macro plain(content) %}
            {%- if content is string %}
                {{- content }}
            {%- else %}
                {%- for part in content %}
                    {%- if part.type == 'image' %}
                        {{- '<|image|>' }}
                    {%- elif part.type == 'text' %}
                        {{- part.text }}
                    {%- endif %}
                {%- endfor %}
            {%- endif %}
        {%- endmacro %}
        {%- macro definitions() %}
            {%- for tool in tools %}
                {{- tool | tojson(indent=4) }}
                {{- '\n\n' }}
            {%- endfor %}
        {%- endmacro %}
        {%- if messages and messages[0].role == 'system' %}
            {%- set content = messages[0].content %}
            {%- set rest = messages[1:] %}
            {{- '<|header_start|>system<|header_end|>\n\n' }}
            {%- if tools is not none %}
                {{- 'Environment: ipython\n' }}
            {%- endif %}
            {%- if tools is not none and not tools_in_user_message %}
                {{- 'You have access to the following functions. To call a function, please respond with JSON for a function call.' + format }}
                {{- definitions() }}
            {%- endif %}
            {{- (content if content is string else content | selectattr('type', 'equalto', 'text') | map(attribute='text') | join) | trim }}
            {{- '<|eot|>' }}
        {%- endif %}
        {%- if tools is not none and tools_in_user_message %}
            {%- if not rest %}
                {{- raise_exception("Cannot put tools in the first user message when there's no first user message!") }}
            {%- endif %}
            {{- '<|header_start|>user<|header_end|>\n\n' }}
            {{- 'Given the following functions, please respond with a JSON for a function call ' }}
            {{- 'with its proper arguments that best answers the given prompt.\n\n' + format }}
            {{- definitions() }}
            {{- plain(rest[0].content) | trim + '<|eot|>' }}
            {%- set rest = rest[1:] %}
        {%- endif %}
        {%- for message in rest %}
            {%- if message.tool_calls %}
                {{- '<|header_start|>assistant<|header_end|>\n\n<|python_start|>' + plain(message.content) + '<|python_end|>' }}
                {%- for call in message.tool_calls %}
                    {{- '{"name": "' + call.function.name + '", "parameters": ' + call.function.arguments | tojson + '}' }}
                {%- endfor %}
                {{- '<|eot|>' }}
            {%- elif 'tool_calls' in message %}
            {%- elif message.role == 'tool' or message.role == 'ipython' %}
                {{- '<|header_start|>ipython<|header_end|>\n\n' + message.content | tojson + '<|eot|>' }}
            {%- else %}
                {{- '<|header_start|>' + message.role + '<|header_end|>\n\n' + plain(message.content) + '<|eot|>' }}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|header_start|>assistant<|header_end|>\n\n' }}
        {%- endif %}
        """;
}
