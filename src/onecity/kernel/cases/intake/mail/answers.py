"""What the sender of a letter is told: the number and code of his case, or that his word was added."""

from typing import Final

from onecity.kernel.notify import words

OPENED: Final = "mail_case_opened"
ADDED: Final = "mail_word_added"

words.declare(
    OPENED,
    {
        "zh": {
            "subject": "已受理：{number}",
            "body": "您好！您的来信已登记为案件 {number}。查询码：{code}。凭编号和查询码可随时查看办理情况。"
            "回复本邮件（标题保留编号）可补充情况。未收录的附件：{left_out}。",
        },
        "en": {
            "subject": "Received: {number}",
            "body": "Your letter is case {number}. Code: {code}. With both you can see at any time how it goes. "
            "Answer this letter (leave the number in its subject) to add a word. Files that were not taken: {left_out}.",
        },
    },
)
words.declare(
    ADDED,
    {
        "zh": {
            "subject": "已补充：{number}",
            "body": "您好！您的补充内容已转给案件 {number} 的承办单位。未收录的附件：{left_out}。",
        },
        "en": {
            "subject": "Added: {number}",
            "body": "Your word was added to case {number} and reaches whoever handles it. Files that were not taken: {left_out}.",
        },
    },
)
